//! The HTTP stack of the Avala SDK.
//!
//! This crate knows HTTP and what the Avala API asks of an HTTP client: a key on every request, a rate limit, retries
//! that never do a thing twice by accident, no redirects. It knows no resource of the API.
//!
//! [`TransportBuilder`] makes a [`Transport`], which is an ordinary [`tower::Service`]. Each layer is public and also
//! works alone, in a stack of your own: put [`AdaptLayer`] between it and a service with another body or error.
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
//! | `hyper` | with the next | the pooled client over TCP; without it bring a [service](TransportBuilder::service) |
//! | `http2` | yes | HTTP/2, where the server offers it |
//! | `tls` | with the next | https, with the root certificates that you add |
//! | `tls-webpki-roots` | yes | the root certificates of Mozilla |
//! | `tls-native-roots` | no | the root certificates of the machine |
//! | `gzip` | yes | answers may come compressed |
//! | `proxy` | yes | tunnels through a proxy, if asked for |
//! | `tracing` | no | spans for calls and attempts |
//! | `reqwest` | no | classifies the errors of a `reqwest` client that is used as the service |
//! | `testing` | no | a scripted service, a probe and a server of bytes, for tests of your own |

mod access_token;
mod adapt;
mod address;
mod api_key;
mod api_key_provider;
mod attempt_timeout;
mod auth;
mod background;
mod base_url;
mod body;
mod builder;
mod call;
mod classify;
mod collect;
mod concurrency;
mod connections;
mod deadline;
mod decompress;
mod error;
mod exchange;
mod host;
#[cfg(feature = "hyper")]
mod http_client;
mod idle_timeout;
mod inner_deadline;
mod memory_budget;
#[cfg(feature = "proxy")]
mod no_proxy;
mod outgoing;
#[cfg(feature = "proxy")]
mod proxy;
mod rate_limit;
mod record;
pub mod redact;
mod redirect;
mod retry;
mod retry_after;
mod safety;
mod stack;
#[cfg(feature = "testing")]
pub mod testing;
mod time_spent;
mod trace;

pub use self::access_token::{AccessToken, AccessTokenProvider, ProvidedToken};
pub use self::adapt::{Adapt, AdaptFuture, AdaptLayer, ClassifyLayer};
pub use self::address::{Address, AddressFuture, AddressLayer};
pub use self::api_key::ApiKey;
pub use self::api_key_provider::{ApiKeyProvider, EnvApiKey, FileApiKey, Provided, ProvidedKey};
pub use self::attempt_timeout::{AttemptTimeout, AttemptTimeoutFuture, AttemptTimeoutLayer};
pub use self::auth::{Auth, AuthFuture, AuthLayer};
pub use self::background::Background;
pub use self::base_url::BaseUrl;
pub use self::body::Body;
pub use self::builder::TransportBuilder;
pub use self::call::{CallClass, CallOptions, CallReport};
pub use self::classify::Classified;
#[cfg(feature = "reqwest")]
pub use self::classify::classify_reqwest;
pub use self::collect::{CollectLayer, Collected, CollectedFuture, CutBody, MAX_ERROR_BODY};
pub use self::concurrency::{Concurrency, ConcurrencyFuture, ConcurrencyLayer, ConcurrencyLimits};
pub use self::deadline::{Deadline, DeadlineFuture, DeadlineLayer};
#[cfg(feature = "gzip")]
pub use self::decompress::{Decompress, DecompressFuture, DecompressLayer};
pub use self::error::{Sent, TimeoutPhase, TransportError, TransportErrorKind};
pub use self::idle_timeout::{IdleTimeout, IdleTimeoutFuture, IdleTimeoutLayer};
pub use self::outgoing::{FinalHeaders, ResolvedUrl};
#[cfg(feature = "proxy")]
pub use self::proxy::Proxy;
pub use self::rate_limit::{RateLimit, RateLimitLayer, RateLimitState, RateLimited, RateLimitedFuture, RateLimiter};
pub use self::redirect::{Redirect, RedirectFuture, RedirectLayer};
pub use self::retry::{Retry, RetryBudget, RetryLayer, RetryPolicy};
pub use self::retry_after::retry_after;
pub use self::time_spent::TimeSpent;
#[cfg(feature = "tracing")]
pub use self::trace::{Trace, TraceFuture, TraceLayer};

/// An error of any kind.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The assembled stack: a service that can be cloned, shared and used from any runtime.
///
/// Call a clone of it, with [`oneshot`](tower::ServiceExt::oneshot). Requests have relative URIs such as
/// `/datasets/?limit=5`, and may carry [`CallOptions`] as an extension. Every response carries a [`CallReport`].
pub type Transport = tower::util::BoxCloneSyncService<http::Request<Body>, http::Response<Body>, TransportError>;
