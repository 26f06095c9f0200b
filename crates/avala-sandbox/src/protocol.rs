//! Names of the protocol.

/// Prefix of every path of the API.
pub(crate) const API_PREFIX: &str = "/api/v1";

/// Header of the API key.
pub(crate) const API_KEY_HEADER: &str = "x-avala-api-key";

/// Prefix of the paths of the control routes.
pub(crate) const CONTROL_PREFIX: &str = "/_sandbox/";

/// Prefix, below the API, of the addresses that grants of public objects lead to.
pub(crate) const DOWNLOAD_PREFIX: &str = "/resolve/download/";

/// So much of a body that is refused is read and dropped, so that clients read the response; then the connection ends.
pub(crate) const MAX_DRAINED_BYTES: u64 = 512 * 1024 * 1024;

/// Largest head of a request that a connection reads. hyper responds 431 to a larger one, see `unread_head.rs`.
pub(crate) const MAX_HEAD_BYTES: usize = 256 * 1024;

/// Most headers of a request that a connection reads; hyper responds 431 to more, too.
pub(crate) const MAX_HEADERS: usize = 1000;
