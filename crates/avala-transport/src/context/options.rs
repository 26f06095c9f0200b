//! Options of one call.

use std::time::Duration;

use crate::context::background::Background;
use crate::context::concurrency_group::ConcurrencyGroup;

/// Options of one call; an extension of the request. All layers also work without them.
///
/// ```
/// use std::time::Duration;
/// use avala_transport::{Body, CallOptions};
///
/// let mut options = CallOptions::default();
/// options.operation = Some("datasets.get");
/// options.route = Some("/datasets/{uid}/");
/// options.timeout = Some(Duration::from_secs(5));
///
/// let mut request = http::Request::get("/datasets/1234/").body(Body::empty())?;
/// request.extensions_mut().insert(options);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// Name of the operation, such as `datasets.get`. Default: unset.
    pub operation: Option<&'static str>,
    /// Path with placeholders, such as `/datasets/{uid}/`, for logs and metrics. Default: unset.
    pub route: Option<&'static str>,
    /// Call timeout. Overrides the client's. [`Duration::MAX`] means no limit.
    pub timeout: Option<Duration>,
    /// Attempt timeout. Overrides the client's. [`Duration::MAX`] means no limit.
    pub attempt_timeout: Option<Duration>,
    /// Connect timeout; the shorter of this and the client's applies.
    ///
    /// It ends when the call gets a connection, either a new or a pooled one. If that connection turns out to be closed
    /// already, only the client's timeout applies to the next one. It has no effect with your own
    /// [service](crate::TransportBuilder::service).
    pub connect_timeout: Option<Duration>,
    /// Whether the request can safely be executed twice. `None` decides by method: `POST` and `PATCH` are not
    /// repeatable.
    pub repeatable: Option<bool>,
    /// Maximum number of attempts. Overrides the retry policy's.
    pub max_attempts: Option<u32>,
    /// Whether to send the request without credentials, for example to sign up. Default: false.
    pub anonymous: bool,
    /// Whether the call uses the anonymous API of public datasets. Such calls have their own rate limit of 30 calls per
    /// minute, and never use a proxy from the environment ([`Proxy::from_env`]). Default: false.
    ///
    /// [`Proxy::from_env`]: https://docs.rs/avala-transport/latest/avala_transport/struct.Proxy.html#method.from_env
    pub public: bool,
    /// Whether to return the response body as it arrives. Retries and the other timeouts then end with the headers, and
    /// [`idle_timeout`](Self::idle_timeout) applies to the body. Default: false.
    pub streaming: bool,
    /// Idle timeout of a streamed body. Overrides the client's. [`Duration::MAX`] means no limit.
    pub idle_timeout: Option<Duration>,
    /// Concurrency group whose limit counts the call. Default: [`ConcurrencyGroup::DEFAULT`].
    pub concurrency_group: ConcurrencyGroup,
    /// How many calls of the [group](Self::concurrency_group) may be in flight at once where the settings have no limit
    /// for it. The first call of the group decides. Unset: the limit of the default group counts the call.
    pub concurrency_limit: Option<usize>,
    /// Name of the narrower rate limit that the server also counts this call against, such as `inference`. Unset if
    /// only the user's limit applies. Rate limit headers in responses to these calls apply to calls of the same scope
    /// only.
    pub rate_scope: Option<&'static str>,
    /// Whether the call is sent before others that wait in this client. Default: [`Priority::Normal`].
    pub priority: Priority,
    /// Keeps the call in the background while the switch is on, for prefetching. Unset for an ordinary call.
    pub background: Option<Background>,
}

/// Setters, each of which also exists as a public field.
impl CallOptions {
    /// Creates options that override nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the [name of the operation](Self::operation).
    #[must_use]
    pub fn with_operation(mut self, name: &'static str) -> Self {
        self.operation = Some(name);
        self
    }

    /// Sets the [path with placeholders](Self::route), for logs and metrics.
    #[must_use]
    pub fn with_route(mut self, route: &'static str) -> Self {
        self.route = Some(route);
        self
    }

    /// Sets the [call timeout](Self::timeout). [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the [attempt timeout](Self::attempt_timeout). [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the [connect timeout](Self::connect_timeout); the shorter of this and the client's applies.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sets the [idle timeout](Self::idle_timeout) of a streamed body. [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// Sets whether the request can safely be [executed twice](Self::repeatable).
    #[must_use]
    pub fn with_repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = Some(repeatable);
        self
    }

    /// Sets the [maximum number of attempts](Self::max_attempts). Zero counts as one.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Sets whether to send the request [without credentials](Self::anonymous).
    #[must_use]
    pub fn with_anonymous(mut self, anonymous: bool) -> Self {
        self.anonymous = anonymous;
        self
    }

    /// Sets whether the call uses the [anonymous API of public datasets](Self::public).
    #[must_use]
    pub fn with_public(mut self, public: bool) -> Self {
        self.public = public;
        self
    }

    /// Sets whether to return the response body [as it arrives](Self::streaming).
    #[must_use]
    pub fn with_streaming(mut self, streaming: bool) -> Self {
        self.streaming = streaming;
        self
    }

    /// Sets the [group](Self::concurrency_group) whose concurrency limit counts the call.
    #[must_use]
    pub fn with_concurrency_group(mut self, group: impl Into<ConcurrencyGroup>) -> Self {
        self.concurrency_group = group.into();
        self
    }

    /// Sets the [limit of the group](Self::concurrency_limit) where the settings have none for it. Zero counts as one.
    #[must_use]
    pub fn with_concurrency_limit(mut self, calls: usize) -> Self {
        self.concurrency_limit = Some(calls);
        self
    }

    #[doc(hidden)] // The former name of `with_concurrency_group`.
    #[must_use]
    pub fn with_class(self, group: ConcurrencyGroup) -> Self {
        self.with_concurrency_group(group)
    }

    /// Sets the [narrower rate limit](Self::rate_scope) that also counts the call.
    #[must_use]
    pub fn with_rate_scope(mut self, scope: &'static str) -> Self {
        self.rate_scope = Some(scope);
        self
    }

    /// Sets whether the call is sent [before](Self::priority) others that wait.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Keeps the call in the [background](Self::background) while the switch is on.
    #[must_use]
    pub fn with_background(mut self, background: Background) -> Self {
        self.background = Some(background);
        self
    }
}

/// Priority of a call among those that wait for the rate limiter or for a permit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Calls wait in the order in which they queued.
    #[default]
    Normal,
    /// Is sent before all calls of normal priority. It takes tokens and permits like any other call, so that the limits
    /// still apply. For few and small calls, such as health checks: as long as such calls wait, no others are sent.
    High,
}
