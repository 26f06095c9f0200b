//! API keys and access tokens, and where they come from.

pub(crate) mod access_token;
pub(crate) mod api_key;
pub(crate) mod api_key_provider;
