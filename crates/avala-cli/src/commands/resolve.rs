//! `avala datasets resolve`: shows the metadata of a published revision, by any form of reference.

use avala_client::types::Json;
use clap::{Arg, ArgMatches, Command};

use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["datasets", "resolve"],
    about: "Resolve a published revision; needs no key",
    build: |command: Command| {
        command
            .arg(
                Arg::new("reference")
                    .value_name("REFERENCE")
                    .required(true)
                    .help("owner/dataset, owner/dataset@SELECTOR, or avala://datasets/UID@DIGEST"),
            )
            .arg(Arg::new("revision").long("revision").value_name("SELECTOR").help("Alias or digest [default: latest]"))
            .after_help("Example:\n  avala datasets resolve acme/night-drives --revision main")
    },
    run: |context, matches| Box::pin(run(context, matches)),
}];

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let reference = matches.get_one::<String>("reference").cloned().unwrap_or_default();
    let revision = matches.get_one::<String>("revision").cloned();
    let public = context.avala_without_key()?.public_datasets();
    let unclear = || Failure::usage("REFERENCE has to be owner/dataset[@SELECTOR] or avala://datasets/UID@DIGEST");
    let (name, selector) = match reference.split_once('@') {
        Some(_) if revision.is_some() => {
            return Err(Failure::usage("REFERENCE already names a revision; remove --revision"));
        }
        Some((name, selector)) => (name, selector.to_owned()),
        None => (reference.as_str(), revision.unwrap_or_else(|| "latest".to_owned())),
    };
    let resolved = match name.strip_prefix("avala://datasets/") {
        Some(uid) => public.resolve_exact(uid, selector).await?,
        None => {
            let (owner, dataset) =
                name.split_once('/').filter(|(_, dataset)| !dataset.contains('/')).ok_or_else(unclear)?;
            public.resolve(owner, dataset, selector).await?
        }
    };
    let json = Json::encode(&resolved).map_err(|error| Failure::other(error.to_string()))?;
    context.printer.value(&Data::of(&json), &[])
}
