//! Spans of transfers, with the feature `tracing`.

/// Runs a transfer in a span.
#[cfg(feature = "tracing")]
pub(crate) fn transfer<F: Future>(kind: &'static str, work: F) -> impl Future<Output = F::Output> {
    use tracing::Instrument as _;
    work.instrument(tracing::info_span!("avala.transfer", kind))
}

/// Runs a transfer.
#[cfg(not(feature = "tracing"))]
pub(crate) fn transfer<F: Future>(_kind: &'static str, work: F) -> F {
    work
}

/// Runs the transfer of a file in a span. Paths are recorded; URLs are secrets and are not.
#[cfg(feature = "tracing")]
pub(crate) fn file<F: Future>(path: &str, size: u64, work: F) -> impl Future<Output = F::Output> {
    use tracing::Instrument as _;
    work.instrument(tracing::info_span!("avala.transfer.file", path, size))
}

/// Runs the transfer of a file.
#[cfg(not(feature = "tracing"))]
pub(crate) fn file<F: Future>(_path: &str, _size: u64, work: F) -> F {
    work
}

/// Records an attempt that failed and is repeated.
#[cfg(feature = "tracing")]
pub(crate) fn retry(path: &str, attempt: u32, error: &crate::error::Error) {
    tracing::warn!(path, attempt, %error, "an attempt of a transfer failed and will be repeated");
}

/// Records nothing.
#[cfg(not(feature = "tracing"))]
pub(crate) fn retry(_path: &str, _attempt: u32, _error: &crate::error::Error) {}
