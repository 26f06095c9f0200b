//! Name of a host.

use std::fmt;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

/// Scheme, host and port. Displayed as host and port.
pub(super) struct HostName {
    scheme: Scheme,
    authority: Authority,
    /// Value of the `Host` header.
    header: HeaderValue,
}

impl HostName {
    /// Returns `None` if `authority` cannot be the value of a header.
    pub(super) fn new(scheme: Scheme, authority: Authority) -> Option<Self> {
        let header = match authority.port_u16().filter(|port| *port != default_port(&scheme)) {
            Some(port) => HeaderValue::try_from(format!("{}:{port}", authority.host())),
            None => HeaderValue::from_str(authority.host()),
        };
        Some(Self { scheme, authority, header: header.ok()? })
    }

    pub(super) fn is(&self, scheme: &Scheme, authority: &Authority) -> bool {
        // Almost always spelled equally, which is cheaper to check than equality.
        self.scheme == *scheme && (self.authority.as_str() == authority.as_str() || self.authority == *authority)
    }

    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// Returns the absolute URI of `path` on this host.
    pub(super) fn uri(&self, path: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path).build()
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.authority.port() {
            Some(_) => write!(f, "{}", self.authority),
            None => write!(f, "{}:{}", self.authority, default_port(&self.scheme)),
        }
    }
}

fn default_port(scheme: &Scheme) -> u16 {
    if *scheme == Scheme::HTTPS { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_has_the_port_unless_it_is_the_default() {
        let table = [
            (Scheme::HTTP, "example.com", "example.com", "example.com:80"),
            (Scheme::HTTP, "example.com:80", "example.com", "example.com:80"),
            (Scheme::HTTP, "example.com:443", "example.com:443", "example.com:443"),
            (Scheme::HTTPS, "example.com:443", "example.com", "example.com:443"),
            (Scheme::HTTPS, "[::1]:80", "[::1]:80", "[::1]:80"),
        ];
        for (scheme, authority, header, name) in table {
            let host = HostName::new(scheme.clone(), Authority::from_static(authority)).unwrap();
            assert_eq!((host.header().to_str().unwrap(), host.to_string().as_str()), (header, name), "{authority}");
            assert!(host.is(&scheme, &authority.to_uppercase().parse().unwrap()), "{authority}");
        }
    }
}
