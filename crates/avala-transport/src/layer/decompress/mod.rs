//! Decompresses gzip responses.

#[cfg(feature = "gzip")]
mod gzip;

#[cfg(feature = "gzip")]
pub use self::gzip::{Decompress, DecompressFuture, DecompressLayer};

/// Returns the layer at the bottom of the stack: the identity without the feature `gzip`.
#[cfg(not(feature = "gzip"))]
pub(crate) fn layer(_max_bytes: usize) -> tower::layer::util::Identity {
    tower::layer::util::Identity::new()
}

/// Returns the `accept-encoding` that the layer adds to a request.
#[cfg(not(feature = "gzip"))]
pub(crate) fn added_encoding(_request: &http::Request<crate::body::Body>) -> Option<http::HeaderValue> {
    None
}

#[cfg(feature = "gzip")]
pub(crate) use self::gzip::added_encoding;

#[cfg(feature = "gzip")]
pub(crate) fn layer(max_bytes: usize) -> DecompressLayer {
    DecompressLayer::new(max_bytes)
}
