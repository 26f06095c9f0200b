//! Finds the bucket of a saved storage config.

use avala_client::types::{OrganizationSlug, StorageConfig, StorageProvider};

use super::provider::Bucket;
use crate::commands::context::Context;
use crate::failure::{Failure, Outcome};

/// Looks up the bucket of a storage config, narrowed to the prefix of a URI.
///
/// Storage configs belong to organizations, so the dataset has to belong to the same one: otherwise a dataset of one
/// organization could show the bucket of another.
pub(super) async fn bucket(
    context: &Context,
    config: &str,
    uri: Option<Bucket>,
    organization: Option<&str>,
) -> Outcome<Bucket> {
    let Some(organization) = organization else {
        return Err(Failure::usage(
            "--storage-config needs --organization-uid: the organization of the config owns the dataset, too",
        ));
    };
    let avala = context.avala()?;
    let slug = slug(context, organization).await?;
    let config = avala.storage_configs().organization(slug).get(config).await?;
    if !config.is_verified {
        return Err(Failure::usage(format!(
            "the storage config {} is not verified: run `avala storage-configs test {}` and fix what it reports",
            config.name, config.uid
        )));
    }
    let own = own(&config)?;
    match uri {
        None => Ok(own),
        Some(uri) => narrow(own, uri, &config.name),
    }
}

async fn slug(context: &Context, organization: &str) -> Outcome<OrganizationSlug> {
    let mut organizations = context.avala()?.organizations().list().items();
    while let Some(found) = organizations.next().await {
        let found = found?;
        if found.uid.as_str() == organization {
            return Ok(found.slug);
        }
    }
    Err(Failure::usage(format!(
        "you are not a member of the organization {organization}; `avala organizations list` shows yours"
    )))
}

/// Returns the bucket of a config.
fn own(config: &StorageConfig) -> Outcome<Bucket> {
    let is_s3 = config.provider == StorageProvider::AwsS3;
    let (name, prefix) = if is_s3 {
        (&config.s3_bucket_name, &config.s3_bucket_prefix)
    } else {
        (&config.gc_storage_bucket_name, &config.gc_storage_prefix)
    };
    let name = name.clone().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::usage(format!("the storage config {} has no bucket", config.name)))?;
    Ok(Bucket {
        provider: if is_s3 { StorageProvider::AwsS3 } else { StorageProvider::GcStorage },
        name,
        prefix: prefix.clone().unwrap_or_default(),
        // The verified region, not the one of the environment.
        region: config.s3_bucket_region.clone().filter(|_| is_s3),
        is_accelerated: is_s3 && config.s3_is_accelerated,
    })
}

/// Narrows a bucket to the prefix of a URI, which must be inside the verified prefix.
///
/// Prefixes are compared literally: `x`, `/x`, `x/` and `x//` are four different prefixes.
fn narrow(own: Bucket, uri: Bucket, config: &str) -> Outcome<Bucket> {
    if uri.provider != own.provider || uri.name != own.name {
        return Err(Failure::usage(format!(
            "the URI names the bucket {:?} and the storage config {config} the bucket {:?}; leave the URI out, or pass one \
             of that bucket",
            uri.name, own.name
        )));
    }
    let boundary = if own.prefix.is_empty() || own.prefix.ends_with('/') {
        own.prefix.clone()
    } else {
        format!("{}/", own.prefix)
    };
    if uri.prefix != own.prefix && !uri.prefix.starts_with(&boundary) {
        return Err(Failure::usage(format!(
            "the prefix {:?} is outside the prefix {:?} of the storage config {config}, which may be narrowed only",
            uri.prefix, own.prefix
        )));
    }
    Ok(Bucket { prefix: uri.prefix, ..own })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(prefix: &str) -> Bucket {
        Bucket::parse(&format!("s3://b/{prefix}")).unwrap()
    }

    #[test]
    fn a_uri_narrows_a_prefix_and_never_leaves_it() {
        for (own, uri, is_inside) in [
            ("", "anything", true),
            ("drives", "drives", true),
            ("drives", "drives/2026", true),
            ("drives/", "drives/2026", true),
            ("drives", "drives-old/2026", false),
            ("drives", "/drives/2026", false),
            ("drives/", "drives", false),
            ("drives", "", false),
        ] {
            let narrowed = narrow(bucket(own), bucket(uri), "c");
            assert_eq!(narrowed.is_ok_and(|bucket| bucket.prefix == uri), is_inside, "{own:?} {uri:?}");
        }
        assert!(narrow(bucket(""), Bucket::parse("s3://other/x").unwrap(), "c").is_err());
        assert!(narrow(bucket(""), Bucket::parse("gs://b/x").unwrap(), "c").is_err());
    }
}
