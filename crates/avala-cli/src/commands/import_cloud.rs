//! `avala import cloud`: a dataset of files in a bucket, which stay there.

use avala_client::types::{CreateDataset, Json};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::commands::context::Context;
use crate::commands::datasets::DATA_TYPES;
use crate::commands::files::read_text;
use crate::commands::run::print_request;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

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
        .arg(Arg::new("uri").value_name("URI").required(true).help("s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or gcs://BUCKET/PREFIX"))
        .arg(text("name", "NAME", "Display name").required(true))
        .arg(text("slug", "SLUG", "URL slug").required(true))
        .arg(text("data-type", "TYPE", "Type").required(true).value_parser(PossibleValuesParser::new(DATA_TYPES)))
        .arg(text("storage-config", "UID", "Not supported by this program; pass a URI and its credentials"))
        .arg(text("region", "REGION", "Region of the bucket [AWS_REGION]"))
        .arg(text("access-key-id", "ID", "Access key [AWS_ACCESS_KEY_ID]"))
        .arg(text("secret-access-key", "SECRET", "Its secret; prefer AWS_SECRET_ACCESS_KEY"))
        .arg(text("role-arn", "ARN", "Role that Avala takes, instead of an access key"))
        .arg(flag("accelerated", "Use transfer acceleration of S3"))
        .arg(text("gcs-auth-json", "JSON|FILE", "Credentials of Google Cloud Storage"))
        .arg(text("include-extensions", "A,B", "Only files with these extensions"))
        .arg(text("ignore-paths", "A,B", "No files with these paths"))
        .arg(text("owner", "OWNER", "Owner"))
        .arg(text("organization-uid", "UID", "Owning organization"))
        .arg(flag("dry-run", "Print the request instead of sending it, without credentials"))
        .after_help("Example:\n  avala import cloud s3://acme-drives/2026/ --name Drives --slug drives --data-type image --region eu-central-1")
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    if matches.contains_id("storage-config") {
        return Err(Failure::usage(
            "--storage-config is not supported by this program; pass a URI and its credentials",
        ));
    }
    let provider = provider(matches)?;
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
    if let Some(organization) = text("organization-uid") {
        dataset = dataset.organization_uid(organization);
    }
    if matches.get_flag("dry-run") {
        let request = context.avala_without_key()?.datasets().create(&dataset).to_http()?;
        return print_request(context, &request);
    }
    let created = context.avala()?.datasets().create(&dataset).decode_as::<Json>().await?;
    context.printer.value(&Data::of(&created), &[])
}

/// The provider config of the URI and the options.
fn provider(matches: &ArgMatches) -> Outcome<Data> {
    let text = |name: &str, variable: &str| {
        let of_environment = || std::env::var(variable).ok().filter(|value| !value.is_empty());
        matches.get_one::<String>(name).cloned().or_else(of_environment)
    };
    let uri = text("uri", "").unwrap_or_default();
    let wrong = || Failure::usage(format!("{uri:?} is no bucket: pass s3://BUCKET/PREFIX, gs://... or gcs://..."));
    let (scheme, rest) = uri.split_once("://").ok_or_else(wrong)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(wrong());
    }
    let mut members: Vec<(String, Data)> = Vec::new();
    let mut set = |name: &str, value: Data| members.push((name.to_owned(), value));
    match scheme {
        "s3" => {
            let region =
                text("region", "AWS_REGION").ok_or_else(|| Failure::usage("pass --region, or set AWS_REGION"))?;
            set("provider", "aws_s3".into());
            set("s3_bucket_name", bucket.into());
            set("s3_bucket_prefix", prefix.into());
            set("s3_bucket_region", region.into());
            set("s3_is_accelerated", matches.get_flag("accelerated").into());
            if let Some(role) = text("role-arn", "") {
                set("s3_auth_method", "iam_role".into());
                set("s3_role_arn", role.into());
            } else {
                let missing = || {
                    Failure::usage("pass --role-arn, or an access key by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
                };
                set("s3_auth_method", "access_key".into());
                set("s3_access_key_id", text("access-key-id", "AWS_ACCESS_KEY_ID").ok_or_else(missing)?.into());
                set(
                    "s3_secret_access_key",
                    text("secret-access-key", "AWS_SECRET_ACCESS_KEY").ok_or_else(missing)?.into(),
                );
            }
        }
        "gs" | "gcs" => {
            let credentials = text("gcs-auth-json", "").ok_or_else(|| Failure::usage("pass --gcs-auth-json"))?;
            let is_json = credentials.trim_start().starts_with('{');
            let credentials = if is_json { credentials } else { read_text(credentials.as_ref())? };
            set("provider", "gc_storage".into());
            set("gc_storage_bucket_name", bucket.into());
            set("gc_storage_prefix", prefix.into());
            set("gc_storage_auth_json_content", credentials.into());
        }
        _ => return Err(wrong()),
    }
    for (option, name) in [("include-extensions", "included_extensions"), ("ignore-paths", "ignored_paths")] {
        if let Some(list) = text(option, "") {
            set(
                name,
                list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",").into(),
            );
        }
    }
    Ok(Data::Map(members))
}
