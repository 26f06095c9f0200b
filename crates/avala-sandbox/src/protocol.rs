//! Names of the protocol.

/// Prefix of every path of the API.
pub(crate) const API_PREFIX: &str = "/api/v1";

/// Header of the API key.
pub(crate) const API_KEY_HEADER: &str = "x-avala-api-key";
