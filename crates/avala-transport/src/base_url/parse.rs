//! Reads base URLs, and joins them with paths.

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use super::{BaseUrl, DEFAULT_PATH};
use crate::error::{Sent, TransportError, TransportErrorKind};
use crate::host::{check_authority, check_path};

/// Parsing and joining.
impl BaseUrl {
    /// Reads a base URL; only `https` is allowed.
    ///
    /// # Errors
    ///
    /// [`Configuration`](TransportErrorKind::Configuration) for anything but an https address without user
    /// information, query and fragment, and for a host, port or path that no request can be sent to: an empty label or
    /// one of more than 63 characters, an IPv6 address with a zone ID, a port outside 1 to 65535, a `%` without two
    /// hexadecimal digits. The message says which of these, and does not repeat the URL, which could hold a password.
    pub fn parse(text: &str) -> Result<Self, TransportError> {
        let url = Self::read(text)?;
        if url.scheme != Scheme::HTTPS {
            return Err(refused("it is not https, and the API key must not be sent unencrypted; use https"));
        }
        Ok(url)
    }

    /// Reads a base URL; plain `http` is also allowed if the host is `localhost`, `127.0.0.1` or `::1`.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    ///
    /// ```
    /// use avala_transport::BaseUrl;
    ///
    /// assert!(BaseUrl::parse_insecure_loopback("http://127.0.0.1:8080").is_ok());
    /// assert!(BaseUrl::parse_insecure_loopback("http://example.com").is_err());
    /// ```
    pub fn parse_insecure_loopback(text: &str) -> Result<Self, TransportError> {
        let url = Self::read(text)?;
        let loopback = matches!(url.host(), "localhost" | "127.0.0.1" | "[::1]");
        if url.scheme != Scheme::HTTPS && !loopback {
            return Err(refused("plain http is only for localhost, 127.0.0.1 and ::1; use https"));
        }
        Ok(url)
    }

    fn read(text: &str) -> Result<Self, TransportError> {
        if text.contains('#') {
            return Err(refused("it has a fragment; remove everything from `#` on"));
        }
        // Named here, because the parser of URIs calls all of these an invalid character.
        if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(refused("it is not a URL: it has a space or control character in it; remove it"));
        }
        if text.contains('\\') {
            return Err(refused("it is not a URL: it has a backslash in it; use `/`"));
        }
        if !text.is_ascii() {
            let reason = "it is not a URL: it has characters outside ASCII; write the host in its `xn--` form and \
                          percent-encode the path";
            return Err(refused(reason));
        }
        let uri = Uri::try_from(text).map_err(|error| {
            refused("it is not a URL; write it like https://api.avala.ai/api/v1").with_source(error)
        })?;
        let parts = uri.into_parts();
        let scheme = match parts.scheme {
            Some(scheme) if scheme == Scheme::HTTPS || scheme == Scheme::HTTP => scheme,
            Some(_) => return Err(refused("its scheme is neither https nor http; use https")),
            None => return Err(refused("it has no scheme; write it like https://api.avala.ai/api/v1")),
        };
        let Some(authority) = parts.authority else {
            return Err(refused("it has no host; write it like https://api.avala.ai/api/v1"));
        };
        check_authority(&authority).map_err(refused)?;
        let path_and_query = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path_and_query.query().is_some() {
            return Err(refused("it has a query; remove everything from `?` on"));
        }
        let path = match path_and_query.path().trim_end_matches('/') {
            "" => DEFAULT_PATH,
            path => path,
        };
        check_path(path).map_err(refused)?;
        // Host names are equal in any case; one spelling keeps one connection pool.
        let authority = match authority.as_str().to_ascii_lowercase().parse() {
            Ok(lowercase) => lowercase,
            Err(_) => authority,
        };
        Ok(Self { scheme, authority, path: path.to_owned() })
    }

    /// Creates the absolute URI of a request from its path and query, such as `/datasets/?limit=5`.
    ///
    /// # Errors
    ///
    /// [`Request`](TransportErrorKind::Request) when the path does not start with a slash or is not a legal one.
    pub fn join(&self, path_and_query: &str) -> Result<Uri, TransportError> {
        if !path_and_query.starts_with('/') {
            return Err(illegal_path("it does not start with a slash"));
        }
        let mut joined = String::with_capacity(self.path.len() + path_and_query.len());
        joined.push_str(&self.path);
        joined.push_str(path_and_query);
        let path_and_query = PathAndQuery::try_from(joined)
            .map_err(|error| illegal_path("it has characters that need percent-encoding").with_source(error))?;
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path_and_query)
            .build()
            .map_err(|error| illegal_path("it does not form a valid URL with the base URL").with_source(error))
    }
}

fn refused(why: &str) -> TransportError {
    TransportError::configuration(format!("the base URL cannot be used: {why}"))
}

fn illegal_path(why: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Request, format!("the path of the request cannot be used: {why}"))
        .with_sent(Sent::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_base_urls_are_accepted() {
        let table = [
            ("https://api.avala.ai", "https://api.avala.ai/api/v1"),
            ("https://api.avala.ai/", "https://api.avala.ai/api/v1"),
            ("https://server.avala.ai/api/v1", "https://server.avala.ai/api/v1"),
            ("https://server.avala.ai/api/v1//", "https://server.avala.ai/api/v1"),
            ("https://example.com:8443/x", "https://example.com:8443/x"),
            ("HTTPS://Example.COM/Path", "https://example.com/Path"),
            ("https://[::1]:8443", "https://[::1]:8443/api/v1"),
        ];
        for (text, expected) in table {
            assert_eq!(BaseUrl::parse(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(BaseUrl::default().to_string(), "https://api.avala.ai/api/v1");
    }

    #[test]
    fn invalid_base_urls_are_rejected() {
        let table = [
            ("", "not a URL"),
            ("https://", "not a URL"),
            ("api.avala.ai", "no scheme"),
            ("/api/v1", "no scheme"),
            ("ftp://api.avala.ai", "neither https nor http"),
            ("http://api.avala.ai", "not https"),
            ("http://localhost:8080", "not https"),
            ("https://api.avala.ai?x=1", "query"),
            ("https://api.avala.ai/api/v1?", "query"),
            ("https://api.avala.ai/#top", "fragment"),
            ("https://api.avala.ai:0", "port"),
            ("https://api.avala.ai:", "port"),
            ("https://api.avala.ai:https", "port"),
            ("https://api avala.ai", "not a URL"),
            ("https://api.avala.ai\n", "not a URL"),
        ];
        for (text, expected) in table {
            let error = BaseUrl::parse(text).expect_err(text);
            assert_eq!(error.kind(), TransportErrorKind::Configuration, "{text}");
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn url_that_cannot_work_is_rejected_with_its_reason() {
        let table = [
            ("*", "no scheme"),
            ("https://*", "`*`"),
            ("https://*.avala.ai", "`*`"),
            ("https://[]/", "IPv6"),
            ("https://[::1", "not a URL"),
            ("https://[::g]/", "IPv6"),
            ("https://[1.2.3.4]/", "IPv6"),
            ("https://[fe80::1%25eth0]/", "zone ID"),
            ("https://[fe80::1%eth0]/", "zone ID"),
            ("https://[::1]x/", "port"),
            ("https://[::1]:/", "port"),
            ("https://[::1]:+443/", "port"),
            ("https://api.avala.ai:+443", "port"),
            ("https://api.avala.ai:-1", "port"),
            ("https://api.avala.ai:65536", "port"),
            ("https://api.avala.ai:443:443", "not a URL"),
            ("https://:443", "no host"),
            ("https://.", "no host"),
            ("https://..", "two dots"),
            ("https://api..avala.ai", "two dots"),
            ("https://.avala.ai", "two dots"),
            ("https://api.avala.ai../", "two dots"),
            ("https://api.avala.ai,api.example.com", "comma"),
            ("https://api.avala.ai,https://api.example.com", "comma"),
            ("https://api%2eavala.ai", "not a URL"),
            ("https://api!avala.ai", "characters other than"),
            ("https://-api.avala.ai", "hyphen"),
            ("https://1.2.3", "IPv4"),
            ("https://256.1.1.1", "IPv4"),
            ("https://api.avala.0x7f", "IPv4"),
            ("https://api.avala.ai/a%zz", "two hexadecimal digits"),
            ("https://api.avala.ai/a%", "two hexadecimal digits"),
            ("https://api.avala.ai/a/../b", "segment"),
            ("https://api.avala.ai/%2E%2e/b", "segment"),
            ("https://api.avala.ai/a/.", "segment"),
            ("https://api.avala.ai/{version}", "percent-encoding"),
            ("https://api.avala.ai\\v1", "backslash"),
            (" https://api.avala.ai", "space"),
            ("https://api.avala.ai/\u{85}", "space or control"),
            ("https://größe.example", "xn--"),
        ];
        for (text, expected) in table {
            let error = BaseUrl::parse(text).expect_err(text);
            assert_eq!(error.kind(), TransportErrorKind::Configuration, "{text}");
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
        for text in [
            "https://127.0.0.1:65535",
            "https://[2001:db8::1]",
            "https://[::ffff:192.0.2.1]:1",
            "https://localhost",
            "https://my_service:8443/a%20b/~x;v=1",
            "https://api.avala.ai./",
            "https://1a.2b",
            "https://xn--gre-6ka8i.example",
        ] {
            assert!(BaseUrl::parse(text).is_ok(), "{text}: {:?}", BaseUrl::parse(text));
        }
    }

    #[test]
    fn host_that_is_too_long_for_dns_is_rejected() {
        let label = |length| "x".repeat(length);
        // Three labels of 63 and one of 61, with their dots: 253 characters.
        let longest = [label(63), label(63), label(63), label(61)].join(".");
        for (host, reason) in [
            (label(63), None),
            (label(64), Some("63 characters")),
            (format!("api.{}.example", label(64)), Some("63 characters")),
            (longest.clone(), None),
            (format!("{longest}."), None),
            (format!("{longest}x"), Some("253 characters")),
            (format!("{longest}x."), Some("253 characters")),
            ("a.".repeat(40_000), Some("253 characters")),
        ] {
            for port in ["", ":8443"] {
                // The parser of URIs has a limit of its own.
                let result = BaseUrl::parse(&format!("https://{host}{port}/v1"));
                let shown = result.as_ref().map_or_else(ToString::to_string, |_| String::new());
                assert_eq!(result.is_ok(), reason.is_none(), "{} {shown}", host.len());
                assert!(reason.is_none_or(|reason| shown.contains(reason) || host.len() > 60_000), "{shown}");
            }
        }
    }

    #[test]
    fn user_information_is_rejected_and_not_repeated() {
        for text in ["https://user:hunter2@api.avala.ai", "https://hunter2@api.avala.ai/x", "https://hunter2@a b"] {
            let error = BaseUrl::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for text in
            ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://example.com", "http://LOCALHOST"]
        {
            assert!(BaseUrl::parse_insecure_loopback(text).is_ok(), "{text}");
        }
        for text in ["http://example.com", "http://127.0.0.2", "http://localhost.example.com", "http://0.0.0.0"] {
            assert!(BaseUrl::parse_insecure_loopback(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origin_is_scheme_host_and_port() {
        let url = BaseUrl::default();
        let table = [
            ("https://api.avala.ai/elsewhere", true),
            ("https://API.avala.ai:443/", true),
            ("https://api.avala.ai:444/", false),
            ("http://api.avala.ai:443/", false),
            ("https://api.avala.ai.example.com/", false),
            ("https://me@api.avala.ai/", false),
            ("/datasets/", false),
        ];
        for (text, expected) in table {
            assert_eq!(url.same_origin(&text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn join_keeps_the_prefix_and_the_query() {
        let url = BaseUrl::default();
        assert_eq!(
            url.join("/datasets/?limit=5&q=%20").unwrap(),
            "https://api.avala.ai/api/v1/datasets/?limit=5&q=%20"
        );
        assert_eq!(url.join("//evil.example/").unwrap().host(), Some("api.avala.ai"));
        for bad in ["datasets/", "", "*", "/a b", "https://evil.example/"] {
            assert_eq!(url.join(bad).expect_err(bad).kind(), TransportErrorKind::Request, "{bad}");
        }
    }
}
