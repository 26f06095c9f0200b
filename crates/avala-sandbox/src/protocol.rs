//! Names and limits of the protocol.

use std::time::Duration;

/// Prefix of every path of the API.
pub(crate) const API_PREFIX: &str = "/api/v1";

/// Header of the API key.
pub(crate) const API_KEY_HEADER: &str = "x-avala-api-key";

/// Prefix of the paths of the control routes.
pub(crate) const CONTROL_PREFIX: &str = "/_sandbox/";

/// Prefix, below the API, of the addresses that grants of public objects lead to.
pub(crate) const DOWNLOAD_PREFIX: &str = "/resolve/download/";

/// How much of a refused body is read and dropped, so that clients read the response; then the connection ends.
pub(crate) const MAX_DRAINED_BYTES: u64 = 512 * 1024 * 1024;

/// Largest head of a request that a connection reads. hyper responds 431 to a larger one, see `unread_head.rs`.
pub(crate) const MAX_HEAD_BYTES: usize = 256 * 1024;

/// Maximum number of headers of a request; hyper also responds 431 to more.
pub(crate) const MAX_HEADERS: usize = 1000;

/// Timeout of the start of a connection (its TLS handshake, or the head of a `CONNECT` request), and of the rest of a
/// head that was refused.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Timeout of the body of a call. Uploads to the storage host have none.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(300);
