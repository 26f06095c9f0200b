//! API keys, access tokens and their providers.

pub(crate) mod access_token;
pub(crate) mod api_key;
pub(crate) mod api_key_provider;
