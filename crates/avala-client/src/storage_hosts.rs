//! Hosts of storage providers: the grammar that public grants and transfers share.
//!
//! Strict on purpose: anyone can get a name such as `s3-x-1.us-east-1.elb.amazonaws.com`. Not a part of the public
//! API.

use avala_types::PublicProvider;

/// Returns whether `host`, in lower case, can only be a storage host of `provider`. `false` for other providers than
/// AWS S3, Google Cloud Storage, Azure and Cloudflare R2.
#[must_use]
pub fn is_storage_host(provider: &PublicProvider, host: &str) -> bool {
    match provider {
        PublicProvider::AwsS3 => host.strip_suffix(".amazonaws.com").is_some_and(is_s3),
        PublicProvider::Gcs => {
            host == "storage.googleapis.com" || host.strip_suffix(".storage.googleapis.com").is_some_and(is_bucket)
        }
        PublicProvider::AzureBlob => host.strip_suffix(".blob.core.windows.net").is_some_and(is_azure_account),
        PublicProvider::CloudflareR2 => host.strip_suffix(".r2.cloudflarestorage.com").is_some_and(|account| {
            let account = account.strip_suffix(".eu").unwrap_or(account);
            account.len() == 32 && account.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }),
        _ => false,
    }
}

/// Returns whether the labels before `.amazonaws.com` are an endpoint of S3, or a bucket of one label and an endpoint.
fn is_s3(name: &str) -> bool {
    let labels: Vec<_> = name.split('.').collect();
    match &labels[..] {
        // A bucket is never mistaken for an endpoint: `s3.<region>` has no bucket.
        ["s3"] | ["s3", "dualstack", _] => is_s3_endpoint(&labels),
        ["s3", region] => is_region(region),
        [endpoint] => endpoint.strip_prefix("s3-").is_some_and(is_region),
        [bucket, endpoint @ ..] => is_bucket(bucket) && (is_s3_endpoint(endpoint) || is_accelerated(endpoint)),
        [] => false,
    }
}

fn is_s3_endpoint(labels: &[&str]) -> bool {
    match labels {
        ["s3"] => true,
        ["s3", region] | ["s3", "dualstack", region] => is_region(region),
        [endpoint] => endpoint.strip_prefix("s3-").is_some_and(is_region),
        _ => false,
    }
}

fn is_accelerated(labels: &[&str]) -> bool {
    matches!(labels, ["s3-accelerate"] | ["s3-accelerate", "dualstack"])
}

/// Returns whether a text is a region: two letters, words, and a digit, such as `eu-west-1`. `us-gov-` regions are
/// excluded.
fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match &parts[..] {
        [country, words @ .., number] => {
            country.len() == 2
                && is_word(country)
                && !words.is_empty()
                && words.iter().all(is_word)
                && number.len() == 1
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && !text.starts_with("us-gov-")
        }
        _ => false,
    }
}

fn is_bucket(label: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&label.len())
        && label.bytes().all(|byte| is_plain(byte) || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_azure_account(label: &str) -> bool {
    (3..=24).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_the_provider_are_accepted() {
        let table = [
            (PublicProvider::AwsS3, "s3.amazonaws.com", true),
            (PublicProvider::AwsS3, "s3.eu-west-1.amazonaws.com", true),
            (PublicProvider::AwsS3, "s3-eu-west-1.amazonaws.com", true),
            (PublicProvider::AwsS3, "s3.dualstack.eu-west-1.amazonaws.com", true),
            (PublicProvider::AwsS3, "bucket.s3.amazonaws.com", true),
            (PublicProvider::AwsS3, "bucket.s3.ap-southeast-2.amazonaws.com", true),
            (PublicProvider::AwsS3, "bucket.s3-eu-west-1.amazonaws.com", true),
            (PublicProvider::AwsS3, "bucket.s3.dualstack.eu-west-1.amazonaws.com", true),
            (PublicProvider::AwsS3, "bucket.s3-accelerate.amazonaws.com", true),
            (PublicProvider::AwsS3, "bucket.s3-accelerate.dualstack.amazonaws.com", true),
            (PublicProvider::AwsS3, "s3-x-1.us-east-1.elb.amazonaws.com", false),
            (PublicProvider::AwsS3, "bucket.s3.us-gov-west-1.amazonaws.com", false),
            (PublicProvider::AwsS3, "s3-accelerate.amazonaws.com", false),
            (PublicProvider::AwsS3, "a.b.s3.eu-west-1.amazonaws.com", false),
            (PublicProvider::AwsS3, "amazonaws.com", false),
            (PublicProvider::AwsS3, "bucket.s3.amazonaws.com.cn", false),
            (PublicProvider::AwsS3, "s3.eu-west-12.amazonaws.com", false),
            (PublicProvider::AwsS3, "Bucket.s3.amazonaws.com", false),
            (PublicProvider::AwsS3, "storage.googleapis.com", false),
            (PublicProvider::Gcs, "storage.googleapis.com", true),
            (PublicProvider::Gcs, "bucket.storage.googleapis.com", true),
            (PublicProvider::Gcs, "a.bucket.storage.googleapis.com", false),
            (PublicProvider::AzureBlob, "account1.blob.core.windows.net", true),
            (PublicProvider::AzureBlob, "blob.core.windows.net", false),
            (PublicProvider::AzureBlob, "ac-count.blob.core.windows.net", false),
            (PublicProvider::CloudflareR2, "0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com", true),
            (PublicProvider::CloudflareR2, "0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com", true),
            (PublicProvider::CloudflareR2, "0123456789abcdef.r2.cloudflarestorage.com", false),
            (PublicProvider::from("newer"), "storage.googleapis.com", false),
        ];
        for (provider, host, expected) in table {
            assert_eq!(is_storage_host(&provider, host), expected, "{provider} {host}");
        }
    }
}
