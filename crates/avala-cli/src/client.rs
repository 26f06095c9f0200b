//! Creates the API client of a command.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use avala_client::Avala;
use avala_client::transport::{Body, Proxy, Transport, TransportError};
use http::{Request, Response};
use tower::{Layer, Service};

use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome};
use crate::key::provider::{RefreshLayer, RefreshingKey};
use crate::key::{Connection, KeySource};
use crate::output::{escape, json};
use crate::redacted;
use crate::terminal::{Notes, stderr_line};
use crate::waits::{AttemptLayer, WaitLayer};

/// Value of the header `User-Agent`.
const USER_AGENT: &str = concat!("avala-cli/", env!("CARGO_PKG_VERSION"));

/// Settings of the client, from options of the command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_attempts: Option<u32>,
    /// Whether requests are printed to stderr, and whether as JSON.
    pub(crate) debug: Option<DebugFormat>,
    /// Output for notes about waits; `None` if something else shows the progress.
    pub(crate) waits: Option<Notes>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum DebugFormat {
    Text,
    Json,
}

/// Creates a client with a key.
///
/// # Errors
/// Fails with exit code 3 if there is no key.
pub(crate) fn with_key(connection: &Connection, options: ClientOptions) -> Outcome<Avala> {
    let Some(source) = &connection.key else {
        return Err(Failure::new(
            ExitCode::Authentication,
            "no API key: run `avala login`, set AVALA_API_KEY, or pass --api-key-file",
        ));
    };
    let key = RefreshingKey::new(source.clone());
    let builder = Avala::builder().api_key_provider(key.clone()).layer_per_call(RefreshLayer(key));
    build(builder, connection, options)
}

/// Creates a client without a key, for calls that do not need a key.
pub(crate) fn without_key(connection: &Connection, options: ClientOptions) -> Outcome<Avala> {
    build(Avala::builder().without_credentials(), connection, options)
}

fn build(builder: avala_client::AvalaBuilder, connection: &Connection, options: ClientOptions) -> Outcome<Avala> {
    let proxy = Proxy::from_env().map_err(|error| Failure::usage(error.to_string()))?;
    let mut builder = builder
        .base_url(&connection.base_url)
        .allow_insecure_base_url(connection.allow_insecure_base_url)
        .transport(|transport| transport.user_agent(USER_AGENT).proxy(proxy));
    if let Some(timeout) = options.timeout {
        builder = builder.timeout(timeout);
    }
    if let Some(attempts) = options.max_attempts {
        builder = builder.retry(avala_client::transport::RetryPolicy::default().max_attempts(attempts));
    }
    if let Some(notes) = options.waits {
        let has_key = matches!(connection.key, None | Some(KeySource::Text(_)));
        builder = builder.layer_per_call(WaitLayer { notes, has_key }).layer_per_attempt(AttemptLayer);
    }
    if let Some(format) = options.debug {
        builder = builder.layer_per_attempt(DebugLayer(format));
    }
    builder.build().map_err(|error| {
        let hint = if connection.base_url.starts_with("http://") && !connection.allow_insecure_base_url {
            "; for a server on this machine pass --allow-insecure-base-url or set AVALA_ALLOW_INSECURE_BASE_URL=true"
        } else {
            ""
        };
        Failure::usage(format!("{error}{hint} (the base URL comes from {})", connection.base_url_origin.describe()))
    })
}

/// Prints each attempt to stderr: the redacted request, the status, and the duration.
#[derive(Clone)]
struct DebugLayer(DebugFormat);

impl Layer<Transport> for DebugLayer {
    type Service = Debugged;

    fn layer(&self, inner: Transport) -> Debugged {
        Debugged { inner, format: self.0 }
    }
}

#[derive(Clone)]
struct Debugged {
    inner: Transport,
    format: DebugFormat,
}

impl Service<Request<Body>> for Debugged {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = request.method().to_string();
        let target = redacted::target(request.uri());
        let body = request.body().as_bytes().and_then(redacted::body);
        let format = self.format;
        let started = Instant::now();
        let response = self.inner.call(request);
        Box::pin(async move {
            let result = response.await;
            let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
            let status = match &result {
                Ok(response) => response.status().as_u16().to_string(),
                Err(error) => error.to_string(),
            };
            stderr_line(&match format {
                DebugFormat::Text => {
                    let body = body.map(|body| format!(" {}", json::compact(&body))).unwrap_or_default();
                    format!(
                        "debug: {method} {}{body} -> {} in {milliseconds:.1} ms",
                        escape::line(&target),
                        escape::line(&status)
                    )
                }
                DebugFormat::Json => json::compact(&Data::map([(
                    "debug",
                    Data::map([
                        ("method", method.into()),
                        ("target", target.into()),
                        ("body", body.unwrap_or(Data::Null)),
                        ("result", status.into()),
                        ("milliseconds", Data::Number(format!("{milliseconds:.1}"))),
                    ]),
                )])),
            });
            result
        })
    }
}
