//! Checks of a request before it is routed: host, size of the headers, NUL characters.

use http::uri::Authority;
use http::{Request, StatusCode, header};

use crate::error::ApiError;
use crate::known_hosts::is_known;

/// Maximum sum of the names and values of headers. The limit of the connection is far above it, see `server.rs`.
const MAX_HEADER_BYTES: usize = 32 * 1024;

pub(crate) fn check<B>(request: &Request<B>) -> Result<(), ApiError> {
    let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > MAX_HEADER_BYTES {
        let sentence = format!("Request headers exceeded {MAX_HEADER_BYTES} bytes.");
        return Err(ApiError::detail(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, sentence));
    }
    let mut hosts = request.headers().get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let target = request.uri().authority().map(Authority::as_str);
    let is_repeated = request.headers().get_all(header::HOST).iter().nth(1).is_some();
    if is_repeated || !hosts.all(is_allowed) || !target.is_none_or(is_allowed) {
        return Err(ApiError::detail(StatusCode::BAD_REQUEST, "Invalid Host header: it is not a host of the sandbox."));
    }
    // Postgres cannot store this character, so the real server finds nothing with it either.
    let has_nul = |text: &str| text.contains("%00");
    if has_nul(request.uri().path()) || request.uri().query().is_some_and(has_nul) {
        return Err(ApiError::detail(StatusCode::BAD_REQUEST, "Null characters are not allowed."));
    }
    Ok(())
}

/// Returns whether this is a name of the machine itself, or of a host that the proxy serves. A page in a browser that
/// had its own name resolved to this machine is refused.
fn is_allowed(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_loopback || host == "localhost" || is_known(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_host_is_checked() {
        let request = |target: &str, hosts: &[&str]| {
            let request = Request::get(target);
            hosts.iter().fold(request, |request, host| request.header(header::HOST, *host)).body(()).unwrap()
        };
        assert!(check(&request("/", &["localhost"])).is_ok() && check(&request("/", &[])).is_ok());
        assert!(check(&request("http://127.0.0.1:1/", &["localhost"])).is_ok());
        for refused in [
            request("/", &["evil.example"]),
            request("/", &["localhost", "evil.example"]),
            request("/", &["localhost", "localhost"]),
            request("http://evil.example/", &["localhost"]),
        ] {
            assert!(check(&refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn only_own_and_known_hosts_are_allowed() {
        for host in
            ["127.0.0.1:80", "localhost", "LOCALHOST:1", "[::1]:9", "api.avala.ai", "b.s3.us-east-1.amazonaws.com"]
        {
            assert!(is_allowed(host), "{host}");
        }
        for host in ["", "evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example:80"] {
            assert!(!is_allowed(host), "{host}");
        }
    }
}
