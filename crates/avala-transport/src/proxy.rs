//! HTTP proxies.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::error::TransportError;
use crate::host::check_authority;
use crate::no_proxy::NoProxy;

/// HTTP proxy, and which connections use it. Pass it to [`TransportBuilder::proxy`](crate::TransportBuilder::proxy).
///
/// Https uses a tunnel (`CONNECT`): the proxy sees only the host name, and not the requests. Plain http, which
/// is allowed for loopback addresses only, never uses a proxy. Proxy credentials are taken from the proxy URL, sent to
/// the proxy only, and never shown. If the proxy rejects them, the call fails at once with
/// [`Configuration`](crate::TransportErrorKind::Configuration).
///
/// ```
/// use avala_transport::{Proxy, TransportBuilder};
///
/// let proxy = Proxy::http("http://build:secret@proxy.example:3128")?.no_proxy("localhost, .internal.example");
/// assert_eq!(format!("{proxy:?}"), "Proxy(proxy.example:3128)");
/// let builder = TransportBuilder::new().proxy(proxy);
/// # Ok::<(), avala_transport::TransportError>(())
/// ```
#[derive(Clone, Default)]
pub struct Proxy {
    url: Option<ProxyUrl>,
    /// Whether the environment chose it, and not the program.
    from_env: bool,
    no_proxy: String,
}

#[derive(Clone)]
struct ProxyUrl {
    /// With credentials.
    text: String,
    /// Without credentials.
    address: String,
}

impl Proxy {
    /// Returns a setting without a proxy. This is the default.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Creates a proxy from a URL such as `http://proxy.example:3128` or `http://user:password@proxy.example:3128`.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) if `url` is not an http URL, or if its host or port
    /// cannot be connected to. Proxies over TLS or SOCKS are not supported. The message does not repeat the URL.
    pub fn http(url: &str) -> Result<Self, TransportError> {
        Ok(Self { url: Some(ProxyUrl::parse(url)?), ..Self::none() })
    }

    /// Reads the proxy from the environment: `HTTPS_PROXY`, or else `ALL_PROXY`, with the exceptions of `NO_PROXY`.
    /// No proxy when neither is set.
    ///
    /// Each name may be in lower case, such as `https_proxy`; if both are set, upper case takes precedence. An empty
    /// variable counts as unset. `HTTP_PROXY` is not read, because plain http never uses a proxy.
    ///
    /// The variables are read once, by this function. Nothing else in this crate reads them. Calls of the anonymous API
    /// of public datasets ([`CallOptions::public`](crate::CallOptions::public)) do not use a proxy from the
    /// environment.
    ///
    /// # Errors
    ///
    /// As for [`http`](Self::http): an unusable proxy is an error, and is not bypassed.
    pub fn from_env() -> Result<Self, TransportError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    pub(crate) fn from_lookup(get: impl Fn(&str) -> Option<String>) -> Result<Self, TransportError> {
        let first = |names: &[&str]| names.iter().find_map(|name| get(name).filter(|value| !value.trim().is_empty()));
        let url = first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]);
        let no_proxy = first(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
        Ok(Self { url: url.map(|url| ProxyUrl::parse(&url)).transpose()?, no_proxy, from_env: true })
    }

    /// Returns whether this is a proxy that [`public`](crate::CallOptions::public) calls must not use.
    pub(crate) fn is_of_environment(&self) -> bool {
        self.from_env && self.url.is_some()
    }

    /// Sets the hosts that are connected to directly, replacing those of the environment. Default: none.
    ///
    /// Entries are separated by commas or white space and are case-insensitive:
    ///
    /// | Entry | Hosts |
    /// |---|---|
    /// | `*` | all |
    /// | `example.com`, `.example.com`, `*.example.com`, `example.com.` | `example.com` and all names below it |
    /// | `10.1.2.3`, `fd00::1`, `[fd00::1]` | this address |
    /// | `10.0.0.0/8`, `fd00::/8` | all addresses of the network (CIDR); an IPv4-mapped one (`::ffff:10.0.0.0/104`) counts as IPv4 |
    /// | one of the first three with a port, such as `example.com:8443` or `[fd00::1]:8443` | the same, on this port only |
    ///
    /// Names are compared as written in the URL, without resolving them. `localhost` and loopback addresses go through
    /// the proxy unless an entry matches them.
    #[must_use]
    pub fn no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = hosts.into();
        self
    }

    pub(crate) fn rules(&self) -> Rules {
        let proxy = self.url.as_ref().map(|url| Matcher::builder().https(url.text.as_str()).build());
        Rules { proxy, no_proxy: NoProxy::parse(&self.no_proxy) }
    }
}

/// Parsed proxy and `NO_PROXY` rules.
#[derive(Debug)]
pub(crate) struct Rules {
    proxy: Option<Matcher>,
    no_proxy: NoProxy,
}

impl Rules {
    /// Returns the proxy for a connection to `target`.
    pub(crate) fn intercept(&self, target: &Uri) -> Option<Intercept> {
        self.proxy.as_ref().filter(|_| !self.no_proxy.contains(target))?.intercept(target)
    }
}

impl ProxyUrl {
    fn parse(text: &str) -> Result<Self, TransportError> {
        let text = text.trim();
        // The parser's error is dropped: it might repeat the password.
        let uri =
            Uri::try_from(text).map_err(|_| refused("it is not a URL; write it like http://proxy.example:3128"))?;
        if uri.scheme().is_some_and(|scheme| *scheme != Scheme::HTTP) {
            return Err(refused("its scheme is not http; only http proxies are supported"));
        }
        let host_and_port = uri.authority().map(Authority::as_str);
        let host_and_port = host_and_port.map(|text| text.rsplit_once('@').map_or(text, |(_, address)| address));
        let address = match host_and_port {
            Some(address) if !address.is_empty() && !address.starts_with(':') => address,
            _ => return Err(refused("it has no host; write it like http://proxy.example:3128")),
        };
        let authority = address.parse().map_err(|_| refused("its host or port is invalid"))?;
        check_authority(&authority).map_err(refused)?;
        Ok(Self { text: text.to_owned(), address: address.to_owned() })
    }
}

fn refused(why: &str) -> TransportError {
    TransportError::configuration(format!("the proxy cannot be used: {why}"))
}

/// Shows the address without credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            Some(url) => write!(f, "Proxy({})", url.address),
            None => f.write_str("Proxy(none)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the address of the proxy for `target`, with these variables set.
    fn through(variables: &[(&str, &str)], target: &str) -> Option<String> {
        let get =
            |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
        let intercept = Proxy::from_lookup(get).unwrap().rules().intercept(&target.parse().unwrap());
        intercept.map(|intercept| intercept.uri().to_string())
    }

    #[test]
    fn proxy_is_read_from_environment_variables() {
        let https = "https://api.avala.ai";
        type Variables = &'static [(&'static str, &'static str)];
        let table: [(Variables, &str, Option<&str>); 12] = [
            (&[], https, None),
            (&[("HTTPS_PROXY", "http://a:1")], https, Some("http://a:1/")),
            (&[("https_proxy", "a:1")], https, Some("http://a:1/")),
            (&[("ALL_PROXY", "http://u:p@a:1")], https, Some("http://a:1/")),
            (&[("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "http://b:1")], https, Some("http://a:1/")),
            (&[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://b:1")], https, Some("http://b:1/")),
            (&[("HTTP_PROXY", "http://a:1")], https, None),
            (&[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "avala.ai")], https, None),
            (&[("HTTPS_PROXY", "http://a:1"), ("no_proxy", "*")], https, None),
            (&[("HTTPS_PROXY", "http://a:1"), ("no_proxy", "localhost, *")], "https://127.0.0.1", None),
            (&[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "10.0.0.0/8")], "https://10.1.2.3", None),
            (&[("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "http://a:1")], "http://127.0.0.1:80", None),
        ];
        for (variables, target, expected) in table {
            assert_eq!(through(variables, target).as_deref(), expected, "{variables:?} {target}");
        }
    }

    #[test]
    fn proxy_from_the_environment_is_distinguished() {
        let lookup = |name: &str| (name == "HTTPS_PROXY").then(|| "http://a:1".to_owned());
        assert!(Proxy::from_lookup(lookup).unwrap().is_of_environment());
        assert!(!Proxy::from_lookup(|_| None).unwrap().is_of_environment());
        assert!(!Proxy::http("http://a:1").unwrap().no_proxy("b").is_of_environment());
    }

    #[test]
    fn proxy_that_cannot_be_connected_to_is_rejected() {
        let long = format!("http://u:p@{}.example:3128", "x".repeat(64));
        let table = [
            ("http://:3128", "no host"),
            ("http://u:p@:3128", "no host"),
            ("http://a..b:3128", "two dots"),
            ("http://*:3128", "`*`"),
            ("http://a,b:3128", "comma"),
            ("http://[]:3128", "IPv6"),
            ("http://[fe80::1%25eth0]:3128", "zone ID"),
            ("http://a:0", "port"),
            ("http://a:65536", "port"),
            ("http://1.2.3:3128", "IPv4"),
            (long.as_str(), "63 characters"),
        ];
        for (url, reason) in table {
            let error = Proxy::http(url).expect_err(url);
            assert_eq!(error.kind(), crate::error::TransportErrorKind::Configuration, "{url}");
            assert!(error.to_string().contains(reason), "{url}: {error}");
        }
        for url in ["http://proxy", "proxy:3128", "http://u:p@[::1]:3128/", "http://10.0.0.1:65535", " http://a_b.c "] {
            assert!(Proxy::http(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn invalid_proxy_url_is_rejected_and_not_repeated() {
        for url in
            ["socks5://u:hunter2@a:1", "https://u:hunter2@a:1", "http://", "/hunter2", "hunter2 ", "http://u:hunter2@"]
        {
            let Err(error) = Proxy::http(url) else { continue };
            assert_eq!(error.kind(), crate::error::TransportErrorKind::Configuration);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        assert!(Proxy::http("socks5://a:1").is_err() && Proxy::http("").is_err() && Proxy::http("/x").is_err());
        assert!(Proxy::from_lookup(|name| (name == "ALL_PROXY").then(|| "socks5://a:1".to_owned())).is_err());
        let proxy = Proxy::http("http://u:hunter2@a:1").unwrap();
        assert!(!format!("{proxy:?} {:?}", proxy.rules()).contains("hunter2"));
    }
}
