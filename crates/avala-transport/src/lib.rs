//! The HTTP stack of the Avala SDK.
//!
//! This crate implements what the Avala API needs of an HTTP client: an API key on every request, rate limiting,
//! retries that never execute a request twice by accident, and no redirects. It contains no resources of the API.
//!
//! [`TransportBuilder`] builds a [`Transport`], which is a [`tower::Service`]. Each layer is public and can be used
//! alone in another stack, with [`AdaptLayer`](layer::AdaptLayer) between it and a service that has another body or error type.
//!
//! ```text
//! trace call > deadline > [your layers, per call] > retry > rate limit > concurrency > auth > trace attempt
//!   > [your layers, per attempt] > attempt timeout > idle timeout > collect > address
//!   > redirect guard > decompress > pooled client > TLS
//! ```
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
mod response_date;
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

/// Limits that are kept in a store, such as one outside of the process: the trait [`LimitStore`] and its types.
pub mod limits {
    pub use crate::layer::rate_limit::{
        Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, MemoryLimits, StoreCall,
    };
}

pub use self::base_url::BaseUrl;
pub use self::body::Body;
pub use self::builder::TransportBuilder;
pub use self::classify::Classified;
#[cfg(feature = "reqwest")]
pub use self::classify::classify_reqwest;
pub use self::context::background::Background;
pub use self::context::options::{CallClass, CallOptions, Priority};
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
pub use self::response_date::response_date;
pub use self::retry_after::retry_after;
pub use self::stack::Transport;
pub use tower::BoxError;

// Former paths, which still work.
#[doc(hidden)]
pub use self::credentials::{
    AccessTokenProvider, ApiKeyProvider, EnvApiKey, FileApiKey, Provided, ProvidedKey, ProvidedToken,
};
#[doc(hidden)]
pub use self::layer::{CutBody, FinalHeaders, MAX_ERROR_BODY, ResolvedUrl};
#[doc(hidden)]
pub use self::limits::{Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, MemoryLimits, StoreCall};

/// Compiles and runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
