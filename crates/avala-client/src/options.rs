//! Options that every kind of call has: headers, extensions, attempts and timeouts.

use avala_transport::CallOptions;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::error::Invalid;
use crate::request::Request;

/// Headers and extensions that the caller adds to a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    headers: HeaderMap,
    extensions: Extensions,
}

impl Extras {
    /// Adds the headers and extensions to a request that is ready otherwise.
    pub(crate) fn apply<B>(&self, request: &mut http::Request<B>) {
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        request.extensions_mut().extend(self.extensions.clone());
    }
}

/// Why a call must not set a header itself; `None` if it may.
fn refusal(name: &HeaderName) -> Option<&'static str> {
    Some(match name.as_str() {
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

/// Sets a header, or replaces the request by the reason why that header must not be set.
pub(crate) fn set_header(request: &mut Result<Request, Invalid>, name: &str, value: &[u8]) {
    let Ok(good) = request else { return };
    let invalid = |message: String| Err(Invalid::new(&good.endpoint, message));
    let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
        *request = invalid(format!("invalid header name {name:?}: use letters, digits and `-`"));
        return;
    };
    if let Some(reason) = refusal(&header) {
        *request = invalid(format!("the header `{header}` cannot be set on a call: {reason}"));
        return;
    }
    let Ok(mut value) = HeaderValue::from_bytes(value) else {
        *request = invalid(format!("invalid value of the header `{header}`: it has a line break or control character"));
        return;
    };
    // It may be a secret whatever the name of the header is, and must not appear in `Debug` output.
    value.set_sensitive(true);
    good.extras_mut().headers.insert(header, value);
}

/// Sets an extension, unless the request is invalid already.
pub(crate) fn set_extension<V: Clone + Send + Sync + 'static>(request: &mut Result<Request, Invalid>, value: V) {
    if let Ok(request) = request {
        request.extras_mut().extensions.insert(value);
    }
}

/// Changes the options of the transport, unless the request is invalid already.
pub(crate) fn set(request: &mut Result<Request, Invalid>, set: impl FnOnce(&mut CallOptions)) {
    if let Ok(request) = request {
        set(&mut request.options);
    }
}

/// Implements the options of one attempt and of the request for a type that has `request_mut`.
macro_rules! call_options {
    ($type:ident $(<$($parameter:ident),*>)?) => {
        /// Options of the request and its attempts.
        impl$(<$($parameter),*>)? $type$(<$($parameter),*>)? {
            /// Sets a header of the request, such as `traceparent` or `x-request-id`. The last value of a name is sent.
            ///
            /// Awaiting fails with [`ErrorKind::Request`](crate::ErrorKind::Request) if the name or the value is invalid,
            /// or if the header is one that the client must set itself: the API key, `authorization`, `host`,
            /// `content-length`, `transfer-encoding`, `connection` and the other hop-by-hop headers. `Debug` output
            /// does not contain the value.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// let trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            /// let call = avala.datasets().get("d1").header("traceparent", trace_parent);
            /// let dataset = call.header("x-request-id", "import-17").await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
                crate::options::set_header(self.request_mut(), name.as_ref(), value.as_ref());
                self
            }

            /// Adds a value that layers of yours read from `request.extensions()`. One value of each type is kept.
            ///
            /// It is not sent. Every attempt has a clone of it.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// /// Read by a metrics layer: `request.extensions().get::<TenantId>()`.
            /// #[derive(Clone)]
            /// struct TenantId(u64);
            ///
            /// let dataset = avala.datasets().get("d1").extension(TenantId(7)).await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn extension<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
                crate::options::set_extension(self.request_mut(), value);
                self
            }

            /// Sets whether executing the request twice does no harm. By default the method decides: `POST` and `PATCH`
            /// are not repeatable.
            ///
            /// A repeatable request is retried even if the server may have executed it.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// use avala_client::types::UpdateFleetDevice;
            ///
            /// let rename = UpdateFleetDevice::default().name("front camera"); // twice is the same as once
            /// avala.fleet().devices().update("d1", &rename).repeatable(true).await?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn repeatable(mut self, repeatable: bool) -> Self {
                crate::options::set(self.request_mut(), |options| options.repeatable = Some(repeatable));
                self
            }

            /// Sets the timeout of each attempt, the body included. The default is the client's, 30 seconds.
            pub fn attempt_timeout(mut self, time: std::time::Duration) -> Self {
                crate::options::set(self.request_mut(), |options| options.attempt_timeout = Some(time));
                self
            }

            /// Sets the timeout of connecting, TLS included. The shorter one of this and the client's applies.
            ///
            /// A call that times out this way was not sent, so that it is retried whatever its method is. It has no
            /// effect with a service of your own in place of the HTTP client.
            pub fn connect_timeout(mut self, time: std::time::Duration) -> Self {
                crate::options::set(self.request_mut(), |options| options.connect_timeout = Some(time));
                self
            }

            /// Sets whether the request goes ahead of others that wait in this client for its rate limit or for a permit.
            ///
            /// The limits hold: it takes a token and a permit like every request. For few and small calls, such as health
            /// checks, because as long as such calls wait, no others are sent.
            ///
            /// ```
            /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
            /// use std::time::Duration;
            /// use avala_client::transport::Priority;
            ///
            /// let check = avala.projects().list().limit(1).priority(Priority::High).max_attempts(1);
            /// let is_healthy = check.timeout(Duration::from_secs(5)).await.is_ok();
            /// # Ok(())
            /// # }
            /// ```
            pub fn priority(mut self, priority: avala_transport::Priority) -> Self {
                crate::options::set(self.request_mut(), |options| options.priority = priority);
                self
            }

            /// Sets the maximum number of attempts; 1 disables retries. The default is that of the client's retry policy.
            pub fn max_attempts(mut self, attempts: u32) -> Self {
                crate::options::set(self.request_mut(), |options| options.max_attempts = Some(attempts));
                self
            }
        }
    };
}

/// Implements the timeout of a whole call for a type that has `request_mut`.
macro_rules! call_timeout {
    ($type:ident $(<$($parameter:ident),*>)?, $subject:literal) => {
        impl$(<$($parameter),*>)? $type$(<$($parameter),*>)? {
            #[doc = concat!("Sets the timeout of ", $subject, ": queueing, all attempts, backoff and the body.")]
            ///
            /// The default is the client's, 60 seconds.
            pub fn timeout(mut self, time: std::time::Duration) -> Self {
                crate::options::set(self.request_mut(), |options| options.timeout = Some(time));
                self
            }
        }
    };
}

pub(crate) use {call_options, call_timeout};
