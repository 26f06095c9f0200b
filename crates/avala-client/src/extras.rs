//! Headers and extensions that the caller adds to a request.

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

/// Maximum number of headers that the caller adds.
const MAX_HEADERS: usize = 100;

/// Headers and extensions that the caller adds to a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    headers: HeaderMap,
    extensions: Extensions,
}

impl Extras {
    /// Sets a header, or returns why it may not be set.
    pub(crate) fn set_header(&mut self, name: &str, value: &[u8]) -> Result<(), String> {
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(format!("invalid header name {name:?}: use letters, digits and `-`"));
        };
        // More than any server reads; a map of headers also has a limit.
        if self.headers.len() >= MAX_HEADERS && !self.headers.contains_key(&header) {
            return Err(format!("the call has more than {MAX_HEADERS} headers: send fewer"));
        }
        if let Some(reason) = refusal(&header) {
            return Err(format!("the header `{header}` cannot be set on a call: {reason}"));
        }
        let Ok(mut value) = HeaderValue::from_bytes(value) else {
            return Err(format!("invalid value of the header `{header}`: it has a line break or control character"));
        };
        // It may be a secret with any name of the header, and must not appear in `Debug` output.
        value.set_sensitive(true);
        self.headers.insert(header, value);
        Ok(())
    }

    pub(crate) fn set_extension<V: Clone + Send + Sync + 'static>(&mut self, value: V) {
        self.extensions.insert(value);
    }

    /// Adds the headers and extensions to a request that is otherwise complete.
    pub(crate) fn apply<B>(&self, request: &mut http::Request<B>) {
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        request.extensions_mut().extend(self.extensions.clone());
    }
}

/// Returns why a call may not set a header; `None` if it may.
fn refusal(name: &HeaderName) -> Option<&'static str> {
    // Servers with a CGI interface, such as WSGI, do not distinguish `_` and `-`.
    Some(match &*name.as_str().replace('_', "-") {
        "x-avala-api-key" | "authorization" => "the client sets the credentials; configure them in its builder",
        "host" => "the host is that of the client's base URL",
        "content-length" | "transfer-encoding" | "expect" => "the HTTP client frames the body itself",
        "connection" | "keep-alive" | "proxy-connection" | "te" | "trailer" | "upgrade" | "http2-settings" => {
            "a hop-by-hop header belongs to a connection, and calls share connections"
        }
        "proxy-authenticate" | "proxy-authorization" => {
            "credentials of a proxy must not be sent to the server; configure them with `Proxy`"
        }
        _ => return None,
    })
}
