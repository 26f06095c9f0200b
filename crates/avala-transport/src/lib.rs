//! The HTTP stack of the Avala SDK: `tower` layers for timeouts, retries, rate limits, authentication and bounded
//! bodies over hyper.
//!
//! For programs that put their own middleware or HTTP client into the stack, or use single layers in another stack.
//! Programs that only make calls need `avala-client`, which re-exports this crate as `transport`.
//!
//! This crate implements what the Avala API needs of an HTTP client: an API key on every request, rate limiting,
//! retries that never execute a request twice by accident, and no redirects. It contains no resources of the API.
//!
//! [`TransportBuilder`] builds a [`Transport`], which is a
//! [`tower::Service`](https://docs.rs/tower/0.5/tower/trait.Service.html). Each layer is public and can be used
//! alone in another stack, with [`AdaptLayer`](layer::AdaptLayer) between it and a service that has another body or
//! error type.
//!
//! ```text
//! trace call > call timeout > [your layers, per call] > retry > rate limit and permit > auth > trace attempt
//!   > [your layers, per attempt] > attempt timeout > idle timeout > collect > resolve > reject redirects > decompress
//!   > pooled client > TLS
//! ```
//!
//! # First request
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use avala_transport::{ApiKey, BaseUrl, Body, CallReport, TransportBuilder};
//! use http::Request;
//! use tower::ServiceExt;
//!
//! let transport =
//!     TransportBuilder::new().base_url(BaseUrl::parse("https://api.avala.ai")?).api_key(ApiKey::new("avk_example")?).build()?;
//! let response = transport.oneshot(Request::get("/api/v1/tasks/").body(Body::empty())?).await?;
//! let report = response.extensions().get::<CallReport>().cloned().unwrap_or_default();
//! println!("{} in {:?}, attempts: {}", response.status(), report.elapsed, report.attempts);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! A [`TransportError`] says what failed ([`kind`](TransportError::kind)), whether the request may have been sent
//! ([`sent`](TransportError::sent)), and how the time was spent ([`time_spent`](TransportError::time_spent)). An error
//! status is a response, not an error. Errors of your own services and layers are classified as
//! [`AdaptLayer`](layer::AdaptLayer) describes; [`service_with_classifier`](TransportBuilder::service_with_classifier)
//! adds rules.
//!
//! # Retries and limits
//!
//! [`RetryPolicy`] has attempts and backoff, [`RateLimiter`] the limit and its queue, [`ConcurrencyLimits`] the
//! permits. Only what the innermost service did decides whether a request may be repeated. A waiting call holds neither
//! token nor permit.
//!
//! # What a layer sees
//!
//! [`layer_per_call`](TransportBuilder::layer_per_call) sees one request and one result;
//! [`layer_per_attempt`](TransportBuilder::layer_per_attempt) sees each attempt with the key in it. Both pages list
//! what happens if a layer fails, panics, never finishes, or changes the request.
//!
//! # Custom stacks
//!
//! Each layer works alone in a `tower::ServiceBuilder`. Two rules, or the compiler reports an unsatisfied
//! `Service<Request<Body>>`: the request body is [`Body`], and [`AdaptLayer`](layer::AdaptLayer) comes last, next to a
//! service whose response body or error is its own.
//!
//! ```
//! use std::time::Duration;
//!
//! use avala_transport::layer::{AdaptLayer, CallTimeoutLayer, RetryLayer};
//! use avala_transport::{Body, RetryPolicy};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let http = service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(String::new())) });
//! let stack = ServiceBuilder::new()
//!     .layer(CallTimeoutLayer::new(Duration::from_secs(10)))
//!     .layer(RetryLayer::new(RetryPolicy::default()))
//!     .layer(AdaptLayer::new())
//!     .service(http);
//! # drop(stack);
//! ```
//!
//! # Testing
//!
//! The feature `testing` has scripted services, a probe that checks the readiness of layers, and a server that sends
//! given bytes. Everything waits on tokio's clock, so that tests run on a paused one.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `hyper` | by other features | pooled HTTP client over TCP; without it, set a [service](TransportBuilder::service) |
//! | `http2` | yes | HTTP/2, if the server offers it |
//! | `tls` | by other features | https, with root certificates that you add |
//! | `tls-webpki-roots` | yes | Mozilla's root certificates |
//! | `tls-native-roots` | no | the root certificates of the machine |
//! | `gzip` | yes | compressed responses |
//! | `fs` | yes | request bodies read from files |
//! | `proxy` | yes | tunnels through an HTTP proxy, if configured |
//! | `tracing` | no | spans for calls and attempts |
//! | `reqwest` | no | classifies the errors of a `reqwest` client that is used as the service |
//! | `testing` | no | scripted service, readiness probe and raw TCP server for tests |
//!
//! # Cost and versions
//!
//! A small call through the client and all layers makes 10 allocations more than hyper's pool. `http` 1, `http-body` 1,
//! `bytes` 1 and `tower` 0.5 are in signatures: a new major release of one of them is a new major release of this
//! crate. hyper, rustls and tokio are not.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-transport/latest")]

mod base_url;
mod body;
mod builder;
mod classify;
mod collect_body;
mod connection_settings;
mod connections;
mod context;
pub mod credentials;
mod error;
#[cfg(feature = "fs")]
mod file_body;
mod host;
#[cfg(feature = "hyper")]
mod http_client;
mod http_service;
mod known_settings;
pub mod layer;
mod memory_budget;
#[cfg(feature = "proxy")]
mod no_proxy;
mod outgoing;
#[cfg(feature = "proxy")]
mod proxy;
pub mod redact;
mod retry_after;
mod stack;
mod stream_body;
#[cfg(feature = "testing")]
pub mod testing;
mod when_ready;

/// Response futures of the layers, for code that names their types.
pub mod future {
    pub use crate::layer::adapt::AdaptFuture;
    pub use crate::layer::attempt_timeout::AttemptTimeoutFuture;
    pub use crate::layer::auth::AuthFuture;
    pub use crate::layer::call_timeout::CallTimeoutFuture;
    pub use crate::layer::collect::CollectFuture;
    pub use crate::layer::concurrency::ConcurrencyLimitFuture;
    #[cfg(feature = "gzip")]
    pub use crate::layer::decompress::DecompressFuture;
    pub use crate::layer::idle_timeout::IdleTimeoutFuture;
    pub use crate::layer::rate_limit::RateLimitFuture;
    pub use crate::layer::reject_redirects::RejectRedirectsFuture;
    pub use crate::layer::resolve::ResolveFuture;
    #[cfg(feature = "tracing")]
    pub use crate::layer::trace::TraceFuture;
}

/// Limits that are kept in a store, such as one outside the process: the trait [`LimitStore`] and its types.
pub mod limits {
    pub use crate::layer::rate_limit::{
        Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, MemoryLimits, StoreCall,
    };
}

pub use self::base_url::BaseUrl;
pub use self::body::Body;
pub use self::builder::TransportBuilder;
pub use self::context::background::Background;
pub use self::context::concurrency_group::ConcurrencyGroup;
pub use self::context::options::{CallOptions, Priority};
pub use self::context::report::CallReport;
pub use self::context::time_spent::TimeSpent;
pub use self::credentials::{AccessToken, ApiKey};
pub use self::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};
#[cfg(feature = "hyper")]
pub use self::http_client::ConnectionPool;
pub use self::http_service::HttpService;
pub use self::known_settings::TransportSettings;
pub use self::layer::concurrency::ConcurrencyLimits;
pub use self::layer::rate_limit::{RateLimit, RateLimitState, RateLimiter};
pub use self::layer::retry::{RetryBudget, RetryPolicy};
#[cfg(feature = "proxy")]
pub use self::proxy::Proxy;
pub use self::stack::Transport;
pub use tower::BoxError;

// Former paths and names, which still work.
#[doc(hidden)]
pub use self::context::concurrency_group::ConcurrencyGroup as CallClass;
#[doc(hidden)]
pub use self::credentials::{
    AccessTokenProvider, ApiKeyProvider, EnvApiKey, FileApiKey, Provided, ProvidedKey, ProvidedToken,
};
#[cfg(feature = "reqwest")]
#[doc(hidden)]
pub use self::layer::classify_reqwest;
#[doc(hidden)]
pub use self::layer::{Classified, CutBody, FinalHeaders, MAX_ERROR_BODY, ResolvedUrl, response_date, retry_after};
#[doc(hidden)]
pub use self::limits::{Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, MemoryLimits, StoreCall};

/// Compiles and runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
