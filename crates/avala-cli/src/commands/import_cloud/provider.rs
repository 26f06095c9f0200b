//! Provider config of a dataset: the bucket and its credentials.

use avala_client::types::StorageProvider;
use clap::ArgMatches;

use crate::commands::files::read_text;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

/// A bucket, or a part of one.
pub(super) struct Bucket {
    pub(super) provider: StorageProvider,
    pub(super) name: String,
    pub(super) prefix: String,
    /// Region of the storage config, as the server verified it.
    pub(super) region: Option<String>,
    pub(super) is_accelerated: bool,
}

impl Bucket {
    /// Parses `s3://BUCKET/PREFIX`, `gs://...` or `gcs://...`.
    pub(super) fn parse(uri: &str) -> Outcome<Self> {
        let wrong =
            || Failure::usage(format!("{uri:?} is not a bucket: pass s3://BUCKET/PREFIX, gs://... or gcs://..."));
        let (scheme, rest) = uri.split_once("://").ok_or_else(wrong)?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let provider = match scheme {
            "s3" => StorageProvider::AwsS3,
            "gs" | "gcs" => StorageProvider::GcStorage,
            _ => return Err(wrong()),
        };
        if name.is_empty() {
            return Err(wrong());
        }
        Ok(Self { provider, name: name.to_owned(), prefix: prefix.to_owned(), region: None, is_accelerated: false })
    }
}

/// Adds the credentials of the options and the environment.
pub(super) fn config(bucket: &Bucket, matches: &ArgMatches) -> Outcome<Data> {
    let text = |name: &str, variable: &str| {
        let of_environment = || std::env::var(variable).ok().filter(|value| !value.is_empty());
        matches.get_one::<String>(name).cloned().or_else(of_environment)
    };
    let mut members: Vec<(String, Data)> = Vec::new();
    let mut set = |name: &str, value: Data| members.push((name.to_owned(), value));
    if bucket.provider == StorageProvider::AwsS3 {
        let region = bucket.region.clone().or_else(|| text("region", "AWS_REGION"));
        let region = region.ok_or_else(|| Failure::usage("pass --region, or set AWS_REGION"))?;
        set("provider", "aws_s3".into());
        set("s3_bucket_name", bucket.name.as_str().into());
        set("s3_bucket_prefix", bucket.prefix.as_str().into());
        set("s3_bucket_region", region.into());
        set("s3_is_accelerated", (matches.get_flag("accelerated") || bucket.is_accelerated).into());
        if let Some(role) = text("role-arn", "") {
            set("s3_auth_method", "iam_role".into());
            set("s3_role_arn", role.into());
        } else {
            let missing =
                || Failure::usage("pass --role-arn, or an access key by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
            set("s3_auth_method", "access_key".into());
            set("s3_access_key_id", text("access-key-id", "AWS_ACCESS_KEY_ID").ok_or_else(missing)?.into());
            let secret = text("secret-access-key", "AWS_SECRET_ACCESS_KEY").ok_or_else(missing)?;
            set("s3_secret_access_key", secret.into());
        }
    } else {
        let credentials = text("gcs-auth-json", "").ok_or_else(|| Failure::usage("pass --gcs-auth-json"))?;
        let is_json = credentials.trim_start().starts_with('{');
        let credentials = if is_json { credentials } else { read_text(credentials.as_ref())? };
        set("provider", "gc_storage".into());
        set("gc_storage_bucket_name", bucket.name.as_str().into());
        set("gc_storage_prefix", bucket.prefix.as_str().into());
        set("gc_storage_auth_json_content", credentials.into());
    }
    for (option, name) in [("include-extensions", "included_extensions"), ("ignore-paths", "ignored_paths")] {
        if let Some(list) = text(option, "") {
            let parts: Vec<&str> = list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
            set(name, parts.join(",").into());
        }
    }
    Ok(Data::Map(members))
}
