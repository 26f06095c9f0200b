//! Spans for calls and attempts.

#[cfg(feature = "tracing")]
mod spans;

#[cfg(feature = "tracing")]
pub use self::spans::{Trace, TraceFuture, TraceLayer};

/// Returns the layer around a whole call: the identity without the feature `tracing`.
#[cfg(not(feature = "tracing"))]
pub(crate) fn call(_server: &crate::base_url::BaseUrl) -> tower::layer::util::Identity {
    tower::layer::util::Identity::new()
}

/// Returns the layer around one attempt: the identity without the feature `tracing`.
#[cfg(not(feature = "tracing"))]
pub(crate) fn attempt(_server: &crate::base_url::BaseUrl) -> tower::layer::util::Identity {
    tower::layer::util::Identity::new()
}

#[cfg(feature = "tracing")]
pub(crate) fn call(server: &crate::base_url::BaseUrl) -> TraceLayer {
    TraceLayer::call().server(server)
}

#[cfg(feature = "tracing")]
pub(crate) fn attempt(server: &crate::base_url::BaseUrl) -> TraceLayer {
    TraceLayer::attempt().server(server)
}
