//! Hosts that the proxy serves: the API, and the known storage hosts of uploads.

/// Hosts of the API.
const API_HOSTS: [&str; 2] = ["api.avala.ai", "server.avala.ai"];

/// Origin of the network that serves the large files of public datasets.
pub(crate) const EDGE_ORIGIN: &str = "https://data.avala.ai";

/// Returns whether a host is one of the API's own, which only the proxy serves.
pub(crate) fn is_api(host: &str) -> bool {
    API_HOSTS.contains(&host)
}

/// Origin of the storage host of uploads.
#[cfg(feature = "tls")]
pub(crate) const STORAGE_ORIGIN: &str = "https://avala-sandbox.s3.us-east-1.amazonaws.com";

/// Origin and bucket of the storage host of managed uploads.
#[cfg(feature = "tls")]
pub(crate) const MANAGED_STORAGE: &str = "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com/recordings";

/// Returns whether a host, in lower case and without a port, is one of them.
pub(crate) fn is_known(host: &str) -> bool {
    let below = |suffix: &str| host.strip_suffix(suffix).is_some_and(|label| !label.is_empty());
    let is_r2 = |account: &str| account.len() == 32 && account.bytes().all(|byte| byte.is_ascii_hexdigit());
    let r2 = host.strip_suffix(".r2.cloudflarestorage.com");
    is_api(host)
        || ["data.avala.ai", "storage.googleapis.com"].contains(&host)
        || below(".storage.googleapis.com")
        || below(".blob.core.windows.net")
        || r2.is_some_and(|names| is_r2(names.strip_suffix(".eu").unwrap_or(names)))
        || host.strip_suffix(".amazonaws.com").is_some_and(is_s3)
}

/// Returns whether the names before `.amazonaws.com` are those of S3: `s3` or `s3-<region>` at the end, or `s3` before
/// the region. Other services have hosts whose names begin with `s3-` too.
fn is_s3(names: &str) -> bool {
    let labels: Vec<&str> = names.split('.').collect();
    match labels[..] {
        [.., last] if last == "s3" || last.starts_with("s3-") => true,
        [.., "s3", region] | [.., "s3", "dualstack", region] => region.contains('-'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_s3_are_known() {
        for known in ["s3", "b.s3", "b.s3.us-east-1", "a.b.s3-eu-west-1", "b.s3.dualstack.us-east-1", "b.s3-accelerate"]
        {
            assert!(is_known(&format!("{known}.amazonaws.com")), "{known}");
        }
        for unknown in ["", "s3-x-1.us-east-1.elb", "b.s3.elb", "ec2", "s3.us-east-1.evil", "s3.b.us-east-1"] {
            assert!(!is_known(&format!("{unknown}.amazonaws.com")), "{unknown}");
        }
    }
}
