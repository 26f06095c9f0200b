//! Two clients of one sandbox: this client reads what the official Python SDK writes, and vice versa.
//!
//! `cargo xtask interop` runs it, with a Python that has the SDK as its only argument.

#![expect(clippy::print_stdout, reason = "the program prints a report")]

mod python;
mod read;
mod record;
mod write;

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;

use avala_client::Avala;
use avala_sandbox::Sandbox;

use python::Python;
use record::Record;

/// Error before the comparison.
type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let program = std::env::args_os().nth(1).ok_or("the argument is missing: a Python that has the SDK")?;
    let sandbox = Sandbox::start().await?;
    let python = Python::new(program, &sandbox);
    let avala =
        Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true).build()?;
    // Strict decoding, so that leniency hides no wrong type.
    let avala = avala.strict_decoding(true);

    println!("Python writes, Rust reads:");
    let theirs: Vec<Record> = serde_json::from_str(&python.run("write.py", String::new()).await?.printed()?)?;
    let mut is_good = true;
    for record in &theirs {
        is_good &= compare(&avala, record).await;
    }

    println!("Rust writes, Python reads:");
    let ours = write::all(&avala).await?;
    let read = python.run("read.py", serde_json::to_string(&ours)?).await?;
    print!("{}", read.output);
    is_good &= read.is_success;

    is_good &= are_same_resources(&theirs, &ours);
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads a resource through the other client, and prints whether it equals the written one.
async fn compare(avala: &Avala, record: &Record) -> bool {
    let differences = match read::read(avala, record).await {
        Ok(value) => record.differences(&value),
        Err(error) => vec![format!("was not read: {error}")],
    };
    let verdict = if differences.is_empty() { "ok" } else { "DIFFERS" };
    println!("  {verdict} {record}");
    differences.iter().for_each(|line| println!("    {line}"));
    differences.is_empty()
}

/// Checks that both clients wrote the same resources.
fn are_same_resources(theirs: &[Record], ours: &[Record]) -> bool {
    let names = |records: &[Record]| records.iter().map(|record| record.resource.clone()).collect::<BTreeSet<_>>();
    let (theirs, ours) = (names(theirs), names(ours));
    let one_sided: Vec<_> = theirs.symmetric_difference(&ours).cloned().collect();
    if one_sided.is_empty() {
        println!("{} resources, each written and read by both", ours.len());
    } else {
        println!("written by one side only: {}", one_sided.join(", "));
    }
    one_sided.is_empty()
}
