//! Tower layers of the stack, each of which can also be used alone.
//!
//! The front page of this crate shows their order; the guide of `avala-client` has the reasons ("Layers and custom
//! stacks"). Place [`AdaptLayer`] between a layer and a service with another body or error type.
//!
//! For your own layers: [`ResolvedUrl`] and [`FinalHeaders`] are extensions of requests, [`retry_after`] and
//! [`response_date`] read headers of responses, and [`Classified`] is what a classifier of errors returns.

pub(crate) mod adapt;
pub(crate) mod attempt_timeout;
pub(crate) mod auth;
pub(crate) mod call_timeout;
pub(crate) mod collect;
pub(crate) mod concurrency;
pub(crate) mod decompress;
pub(crate) mod idle_timeout;
pub(crate) mod rate_limit;
pub(crate) mod record;
pub(crate) mod reject_redirects;
pub(crate) mod resolve;
pub(crate) mod retry;
pub(crate) mod shared;
pub(crate) mod trace;

pub use self::adapt::{Adapt, AdaptLayer, ClassifyLayer};
pub use self::attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use self::auth::{Auth, AuthLayer};
pub use self::call_timeout::{CallTimeout, CallTimeoutLayer};
pub use self::collect::{Collect, CollectLayer, CutBody, MAX_ERROR_BODY};
pub use self::concurrency::{ConcurrencyLimit, ConcurrencyLimitLayer};
#[cfg(feature = "gzip")]
pub use self::decompress::{Decompress, DecompressLayer};
pub use self::idle_timeout::{IdleTimeout, IdleTimeoutLayer};
pub use self::rate_limit::{RateLimitLayer, RateLimitService};
pub use self::reject_redirects::{RejectRedirects, RejectRedirectsLayer};
pub use self::resolve::{Resolve, ResolveLayer};
pub use self::retry::{Retry, RetryLayer};
#[cfg(feature = "tracing")]
pub use self::trace::{Trace, TraceLayer};
pub use crate::classify::Classified;
#[cfg(feature = "reqwest")]
pub use crate::classify::classify_reqwest;
pub use crate::outgoing::{FinalHeaders, ResolvedUrl};
pub use crate::retry_after::{response_date, retry_after};
