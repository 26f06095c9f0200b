//! Base URL of the API.

mod parse;

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};

const DEFAULT_PATH: &str = "/api/v1";

/// Base URL of all requests: scheme, host, port and path prefix.
///
/// Without a path (or with only `/`) it gets `/api/v1`. A path is used unchanged, without its trailing slashes.
///
/// ```
/// use avala_transport::BaseUrl;
///
/// let url = BaseUrl::parse("https://eu.api.avala.ai")?;
/// assert_eq!(url.to_string(), "https://eu.api.avala.ai/api/v1");
/// assert_eq!(url.join("/datasets/?limit=5")?.path(), "/api/v1/datasets/");
/// # Ok::<(), avala_transport::TransportError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    path: String,
}

impl BaseUrl {
    /// Returns the scheme: `https`, or `http` for a loopback address.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.scheme.as_str()
    }

    /// Returns the host; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Returns the port, or the default port of the scheme.
    #[must_use]
    pub fn port_or_default(&self) -> u16 {
        port_or_default(&self.scheme, &self.authority)
    }

    /// Returns the prefix of every request path. It starts with a slash and does not end with one.
    #[must_use]
    pub fn path_prefix(&self) -> &str {
        &self.path
    }

    /// Returns whether `uri` is absolute, has this scheme, host and port, and has no user information.
    #[must_use]
    pub fn same_origin(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return false };
        *scheme == self.scheme
            && authority.host().eq_ignore_ascii_case(self.host())
            && port_or_default(scheme, authority) == self.port_or_default()
            && !authority.as_str().contains('@')
    }
}

fn port_or_default(scheme: &Scheme, authority: &Authority) -> u16 {
    authority.port_u16().unwrap_or(if *scheme == Scheme::HTTP { 80 } else { 443 })
}

/// Returns `https://api.avala.ai/api/v1`.
impl Default for BaseUrl {
    fn default() -> Self {
        Self { scheme: Scheme::HTTPS, authority: Authority::from_static("api.avala.ai"), path: DEFAULT_PATH.to_owned() }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", crate::redact::text(&self.to_string()))
    }
}
