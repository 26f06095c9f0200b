//! Transfers of the SDK as a process of its own, and helpers of `cargo xtask bench transfers`.
//!
//! Every program is measured from outside, by `measure`, so that start and end are always included.
#![expect(clippy::print_stdout, reason = "its results go to standard output")]

mod limit;
mod measure;
mod sdk;

use std::error::Error;

const USAGE: &str = "\
transfers upload <api> <state folder> <name> <source> <uploads at once> [<proxy> <ca file>]
transfers download <api> <state folder> <export> <target>
transfers export <api>                           prints the uid and the URL of a new export
transfers presign <api> <bytes> [<proxy> <ca file>]  prints a URL for one PUT
transfers hash <file>
transfers limit <port> <bytes per second>        a relay that limits each connection; prints its port
transfers measure <program> [<arguments>]        prints wall and CPU time and peak memory of a program";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["measure", program, ref arguments @ ..] => {
            println!("{}", measure::run(program, arguments)?);
            Ok(())
        }
        ["hash", file] => {
            println!("{}", sdk::hash(file)?);
            Ok(())
        }
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(&arguments)),
    }
}

async fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match *arguments {
        ["upload", api, state, name, source, at_once, ref proxy @ ..] => {
            let link = sdk::Link::new(api, proxy)?;
            sdk::upload(&link, state, name, source, at_once.parse()?).await
        }
        ["download", api, state, export, target] => {
            sdk::download(&sdk::Link::new(api, &[])?, state, export, target).await
        }
        ["export", api] => {
            println!("{}", sdk::export(&sdk::Link::new(api, &[])?).await?);
            Ok(())
        }
        ["presign", api, bytes, ref proxy @ ..] => {
            println!("{}", sdk::presign(&sdk::Link::new(api, proxy)?, bytes.parse()?).await?);
            Ok(())
        }
        ["limit", port, rate] => limit::serve(port.parse()?, rate.parse()?).await,
        _ => Err(USAGE.into()),
    }
}
