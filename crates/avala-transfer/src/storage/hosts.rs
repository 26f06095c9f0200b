//! Checks the URLs of storage hosts.
//!
//! The grammar of host names is shared with the client, which checks the grants of public objects with it.

use std::fmt;

use avala_client::storage_hosts::is_storage_host;
use avala_transport::BaseUrl;
use avala_types::PublicProvider;
use http::Uri;

use crate::error::{Error, ErrorKind};

/// Maximum length of a URL, in characters.
const MAX_URL: usize = 16_384;

/// The hosts of uploads and downloads.
#[derive(Clone, Debug, Default)]
pub(crate) struct StorageHosts {
    /// Whether plain http to this machine is allowed, as for the API.
    pub(crate) allow_insecure_loopback: bool,
    /// Origins that the caller listed.
    pub(crate) custom: Vec<String>,
}

/// A URL of a storage host. It is a credential, so `Debug` shows its host only.
#[derive(Clone)]
pub(crate) struct StorageUrl {
    uri: Uri,
    /// Scheme, host and port, in lower case.
    origin: String,
}

impl StorageUrl {
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }
}

impl fmt::Debug for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorageUrl({})", self.origin)
    }
}

impl StorageHosts {
    /// Checks a URL that the API returned.
    pub(crate) fn check(&self, text: &str) -> Result<StorageUrl, Error> {
        self.check_with(text, None)
    }

    /// Checks a URL that may also point to the API, like grants of public objects. `api` is the origin of the API.
    pub(crate) fn check_with(&self, text: &str, api: Option<&str>) -> Result<StorageUrl, Error> {
        self.read(text, api).map_err(|problem| {
            let host = text.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
            let host = host.unwrap_or_else(|| "an unnamed host".to_owned());
            Error::new(ErrorKind::StorageHost, format!("the API returned a URL with the host {host}: {problem}"))
                .help("if that host is your own storage, list it with `storage_endpoint`; otherwise report it")
        })
    }

    fn read(&self, text: &str, api: Option<&str>) -> Result<StorageUrl, &'static str> {
        if text.len() > MAX_URL {
            return Err("it is longer than 16,384 characters");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['\\', '#']) {
            return Err("it has a character that is not allowed in the URL of a storage host, or a fragment");
        }
        let uri: Uri = text.parse().map_err(|_| "it is not a URL")?;
        let authority = uri.authority().ok_or("it has no host")?;
        if authority.as_str().contains('@') {
            return Err("it has a user name");
        }
        let host = authority.host().to_ascii_lowercase();
        let scheme = uri.scheme_str().unwrap_or_default();
        let origin = match authority.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        check_path(uri.path())?;
        let is_custom = self.custom.contains(&origin) || api == Some(origin.as_str());
        let is_loopback = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        match scheme {
            "https" if is_custom => {}
            "https" if is_loopback && self.allow_insecure_loopback => {}
            "https" if authority.port().is_some() => return Err("it has a port"),
            "https" if is_known(&host) => {}
            "https" => return Err("it is not a known storage host"),
            "http" if is_loopback && self.allow_insecure_loopback => {}
            "http" => return Err("it is not https"),
            _ => return Err("it is neither https nor http"),
        }
        Ok(StorageUrl { uri, origin })
    }

    /// Parses an endpoint of the caller, such as `https://minio.example.com:9000`.
    pub(crate) fn endpoint(&self, text: &str) -> Result<String, Error> {
        let refused = |problem: String| {
            Error::new(ErrorKind::Configuration, problem)
                .about(text)
                .help("pass a storage endpoint like https://storage.example.com:9000")
        };
        let parse = if self.allow_insecure_loopback { BaseUrl::parse_insecure_loopback } else { BaseUrl::parse };
        let url = parse(text).map_err(|error| refused(error.to_string()))?;
        let uri: Uri = text.parse().map_err(|_| refused("it is not a URL".to_owned()))?;
        if !matches!(uri.path(), "" | "/") {
            return Err(refused("a storage endpoint has no path".to_owned()));
        }
        let (scheme, host) = (url.scheme(), url.host().to_ascii_lowercase());
        Ok(match uri.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        })
    }
}

/// Rejects a path that a URL parser would change.
fn check_path(path: &str) -> Result<(), &'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte);
    if !path.bytes().all(is_plain) {
        return Err("its path has characters that have to be percent-encoded");
    }
    let mut rest = path;
    while let Some((_, after)) = rest.split_once('%') {
        if !after.get(..2).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return Err("its path has a `%` without two hexadecimal digits");
        }
        rest = after;
    }
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(is_dots) {
        return Err("its path has a `.` or `..` segment");
    }
    Ok(())
}

/// Returns whether `host`, in lower case, certainly belongs to Avala or a storage provider.
pub(crate) fn is_known(host: &str) -> bool {
    const PROVIDERS: [PublicProvider; 4] =
        [PublicProvider::AwsS3, PublicProvider::Gcs, PublicProvider::AzureBlob, PublicProvider::CloudflareR2];
    host == "data.avala.ai" || PROVIDERS.iter().any(|provider| is_storage_host(provider, host))
}

/// Returns whether `host` is that of an account of Cloudflare R2.
pub(crate) fn is_r2(host: &str) -> bool {
    is_storage_host(&PublicProvider::CloudflareR2, host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_storage_hosts_are_known() {
        let account = "0123456789abcdef0123456789abcdef";
        let known = [
            "data.avala.ai",
            "s3.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "s3-eu-west-1.amazonaws.com",
            "s3.dualstack.eu-west-1.amazonaws.com",
            "bucket.s3.amazonaws.com",
            "bucket.s3.ap-southeast-2.amazonaws.com",
            "bucket.s3-eu-west-1.amazonaws.com",
            "bucket.s3.dualstack.eu-west-1.amazonaws.com",
            "bucket.s3-accelerate.amazonaws.com",
            "bucket.s3-accelerate.dualstack.amazonaws.com",
            "BUCKET.S3.amazonaws.com",
            "storage.googleapis.com",
            "bucket.storage.googleapis.com",
            "account1.blob.core.windows.net",
            &format!("{account}.r2.cloudflarestorage.com"),
            &format!("{account}.eu.r2.cloudflarestorage.com"),
        ];
        let unknown = [
            "s3-x-1.us-east-1.elb.amazonaws.com",
            "bucket.s3.us-gov-west-1.amazonaws.com",
            "s3-accelerate.amazonaws.com",
            "a.b.s3.eu-west-1.amazonaws.com",
            "amazonaws.com",
            "bucket.s3.amazonaws.com.cn",
            "s3.eu-west-12.amazonaws.com",
            "a.bucket.storage.googleapis.com",
            "blob.core.windows.net",
            "ac-count.blob.core.windows.net",
            "0123456789abcdef.r2.cloudflarestorage.com",
            "x.data.avala.ai",
            "data.avala.ai.example.com",
            "localhost",
            "127.0.0.1",
            "s3.amazonaws.com.",
        ];
        let hosts = StorageHosts::default();
        for host in known {
            hosts.check(&format!("https://{host}/b/k?X-Amz-Signature=1")).unwrap();
        }
        for host in unknown {
            let error = hosts.check(&format!("https://{host}/b/k")).expect_err(host);
            assert_eq!(error.kind(), ErrorKind::StorageHost, "{host}");
        }
    }

    #[test]
    fn other_parts_of_a_url_are_checked() {
        let hosts = StorageHosts::default();
        let long = format!("https://s3.amazonaws.com/{}", "x".repeat(MAX_URL));
        for url in [
            "http://s3.amazonaws.com/k",
            "ftp://s3.amazonaws.com/k",
            "//s3.amazonaws.com/k",
            "https://user@s3.amazonaws.com/k",
            "https://s3.amazonaws.com:443/k",
            "https://s3.amazonaws.com/k#f",
            "https://s3.amazonaws.com\\@evil.com/k",
            "https://s3.amazonaws.com/a/../k",
            "https://s3.amazonaws.com/a/%2E%2e/k",
            "https://s3.amazonaws.com/a b",
            "https://s3.amazonaws.com/a%zz",
            "https://s3.amazonaws.com/\u{e4}",
            "https://s3.amazonaws.com/a\nb",
            "https://ｓ3.amazonaws.com/k",
            &long,
        ] {
            hosts.check(url).expect_err(url);
        }
        let error = hosts.check("https://evil.com/k?X-Amz-Signature=abc").unwrap_err().to_string();
        assert!(error.contains("evil.com") && !error.contains("abc"), "{error}");
    }

    #[test]
    fn loopback_and_listed_endpoints_are_allowed_on_request() {
        let mut hosts = StorageHosts { allow_insecure_loopback: true, custom: Vec::new() };
        hosts.check("http://127.0.0.1:4000/b/k").unwrap();
        hosts.check("http://10.0.0.1:4000/b/k").unwrap_err();
        hosts.custom.push(hosts.endpoint("https://Minio.example.com:9000/").unwrap());
        hosts.check("https://minio.example.com:9000/b/k").unwrap();
        hosts.check("https://minio.example.com/b/k").unwrap_err();
        hosts.check("http://minio.example.com:9000/b/k").unwrap_err();
        let strict = StorageHosts::default();
        for endpoint in ["http://127.0.0.1:1", "http://minio.example.com", "https://minio.example.com/path", "minio"] {
            assert_eq!(strict.endpoint(endpoint).unwrap_err().kind(), ErrorKind::Configuration, "{endpoint}");
        }
    }
}
