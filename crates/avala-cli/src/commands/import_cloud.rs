//! `avala import cloud`: creates a dataset of the files in a bucket, without copying them.

mod provider;
mod saved;

use std::time::Duration;

use avala_client::types::{CreateDataset, Json};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::commands::context::Context;
use crate::commands::datasets::DATA_TYPES;
use crate::commands::known_fields;
use crate::commands::run::print_request;
use crate::commands::special::Special;
use crate::commands::wait::{Pace, follow};
use crate::data::Data;
use crate::failure::{Failure, Outcome};

use provider::Bucket;

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["import", "cloud"],
    about: "Create a dataset of files in S3 or Google Cloud Storage; nothing is copied",
    build,
    run: |context, matches| Box::pin(run(context, matches)),
}];

fn build(command: Command) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    command
        .arg(Arg::new("uri").value_name("URI").help("s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or gcs://BUCKET/PREFIX; optional with --storage-config"))
        .arg(text("name", "NAME", "Display name").required(true))
        .arg(text("slug", "SLUG", "URL slug").required(true))
        .arg(text("data-type", "TYPE", "Type").required(true).value_parser(PossibleValuesParser::new(DATA_TYPES)))
        .arg(text("storage-config", "UID", "Take bucket, region and prefix of a verified storage config; credentials are still needed"))
        .arg(text("region", "REGION", "Region of the bucket [AWS_REGION]"))
        .arg(text("access-key-id", "ID", "Access key [AWS_ACCESS_KEY_ID]"))
        .arg(text("secret-access-key", "SECRET", "Secret of the access key; prefer AWS_SECRET_ACCESS_KEY"))
        .arg(text("role-arn", "ARN", "Role that Avala assumes, instead of an access key"))
        .arg(flag("accelerated", "Use transfer acceleration of S3"))
        .arg(text("gcs-auth-json", "JSON|FILE", "Credentials of Google Cloud Storage"))
        .arg(text("include-extensions", "A,B", "Only files with these extensions"))
        .arg(text("ignore-paths", "A,B", "No files with these paths"))
        .arg(text("owner", "OWNER", "Owner"))
        .arg(text("organization-uid", "UID", "Owning organization"))
        .arg(text("organization-id", "N", "Owning organization, by its number").value_parser(value_parser!(u64)))
        .arg(flag("wait", "Wait until the server has read the bucket").overrides_with("no-wait"))
        .arg(flag("no-wait", "Do not wait [default]").overrides_with("wait"))
        .arg(flag("dry-run", "Print the request without credentials, and do not send it"))
        .after_help("Example:\n  avala import cloud s3://acme-drives/2026/ --name Drives --slug drives --data-type image --region eu-central-1")
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let organization = text("organization-uid");
    let organization_id = matches.get_one::<u64>("organization-id").copied();
    if matches.contains_id("role-arn") && organization.is_none() && organization_id.is_none() {
        return Err(Failure::usage(
            "--role-arn needs the organization whose external ID the role trusts: pass --organization-uid",
        ));
    }
    let uri = text("uri").map(|uri| Bucket::parse(&uri)).transpose()?;
    let bucket = match (uri, text("storage-config")) {
        (uri, Some(config)) => saved::bucket(context, &config, uri, organization.as_deref()).await?,
        (Some(uri), None) => uri,
        (None, None) => return Err(Failure::usage("pass a URI such as s3://BUCKET/PREFIX, or --storage-config")),
    };
    let provider = provider::config(&bucket, matches)?;
    let json: Json = serde_json::from_str(&crate::output::json::compact(&provider))
        .map_err(|error| Failure::other(format!("the provider config cannot be written: {error}")))?;
    let kind = text("data-type").unwrap_or_default();
    let mut dataset = CreateDataset::new(text("name").unwrap_or_default(), text("slug").unwrap_or_default(), kind)
        .visibility("private")
        .create_metadata(true)
        .provider_config(json);
    if let Some(owner) = text("owner") {
        dataset = dataset.owner_name(owner);
    }
    if let Some(organization) = organization {
        dataset = dataset.organization_uid(organization);
    }
    if let Some(id) = organization_id {
        dataset = dataset.organization_id(id);
    }
    if matches.get_flag("dry-run") {
        let request = context.avala_without_key()?.datasets().create(&dataset).to_http()?;
        return print_request(context, &request);
    }
    context.printer.set_known(known_fields::of("datasets.create"));
    context.printer.require_known()?;
    context.printer.set_changing();
    let created = context.avala()?.datasets().create(&dataset).decode_as::<Json>().await?;
    let created = Data::of(&created);
    if !matches.get_flag("wait") {
        return context.printer.value(&created, &[]);
    }
    let pace = Pace { interval: Duration::from_secs(10), timeout: Duration::from_secs(3600), is_quiet: false };
    let wait = context.avala()?.datasets().wait(created.text_at("uid").unwrap_or_default());
    follow(context, wait, &pace).await
}
