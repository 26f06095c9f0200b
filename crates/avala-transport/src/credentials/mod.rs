//! API keys, access tokens, and providers of them, which are asked before each attempt.

pub(crate) mod access_token;
pub(crate) mod api_key;
pub(crate) mod api_key_provider;

pub use self::access_token::{AccessToken, AccessTokenProvider, ProvidedToken};
pub use self::api_key::ApiKey;
pub use self::api_key_provider::{ApiKeyProvider, EnvApiKey, FileApiKey, Provided, ProvidedKey};
