//! Providers of API keys.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use tower::BoxError;

use crate::credentials::api_key::ApiKey;

/// More than any key has, so that a wrong path to a large file is not read into memory.
const LONGEST_FILE: u64 = 8 * 1024;

/// Returns the API key for each attempt of each call, so that a rotated key is used from the next attempt on.
///
/// An [`ApiKey`] is a provider that always returns itself. [`EnvApiKey`] reads an environment variable, [`FileApiKey`]
/// a file. A function is a provider too:
///
/// ```
/// use avala_transport::{ApiKey, ProvidedKey, TransportBuilder};
///
/// # async fn ask_the_vault() -> Result<String, std::io::Error> { Ok("avk_example".to_owned()) }
/// let builder = TransportBuilder::new()
///     .api_key_provider(|| ProvidedKey::later(async { Ok::<_, avala_transport::BoxError>(ApiKey::new(ask_the_vault().await?)?) }));
/// ```
///
/// If a provider fails, the call fails with [`Configuration`](crate::TransportErrorKind::Configuration) and the
/// provider's error as the source. Nothing is sent, and nothing is retried. The error is displayed, so it must not
/// contain a key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not provide API keys",
    note = "pass an `ApiKey`, `EnvApiKey`, `FileApiKey`, a function that returns a `ProvidedKey`, or a type that implements `ApiKeyProvider`"
)]
pub trait ApiKeyProvider: Send + Sync + 'static {
    /// Returns the key for an attempt that is about to be sent. Cache keys that are slow to fetch.
    ///
    /// Time spent here counts against the call timeout, not against the attempt timeout.
    fn api_key(&self) -> ProvidedKey;
}

/// Return type of an [`ApiKeyProvider`].
pub type ProvidedKey = Provided<ApiKey>;

/// Credentials from a provider: an [`ApiKey`], or an [`AccessToken`](crate::AccessToken).
pub enum Provided<T> {
    /// Credentials that are available at once, or an error. Needs no allocation.
    Now(Result<T, BoxError>),
    /// Credentials that are fetched by a future.
    Later(Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>),
}

impl<T> Provided<T> {
    /// Creates a value from credentials, or from the reason why there are none.
    pub fn now<E: Into<BoxError>>(result: Result<T, E>) -> Self {
        Self::Now(result.map_err(Into::into))
    }

    /// Creates a value whose credentials `future` fetches.
    pub fn later<F, E>(future: F) -> Self
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::Later(Box::pin(async move { future.await.map_err(Into::into) }))
    }
}

impl ApiKeyProvider for ApiKey {
    fn api_key(&self) -> ProvidedKey {
        ProvidedKey::Now(Ok(self.clone()))
    }
}

impl<F> ApiKeyProvider for F
where
    F: Fn() -> ProvidedKey + Send + Sync + 'static,
{
    fn api_key(&self) -> ProvidedKey {
        self()
    }
}

/// API key in an environment variable, read for each attempt.
///
/// ```
/// use avala_transport::{EnvApiKey, TransportBuilder};
///
/// let builder = TransportBuilder::new().api_key_provider(EnvApiKey::new("AVALA_API_KEY"));
/// ```
#[derive(Debug, Clone)]
pub struct EnvApiKey {
    name: String,
}

impl EnvApiKey {
    /// Creates a provider that reads the variable `name` at each attempt.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    fn read(&self) -> Result<ApiKey, BoxError> {
        // The error of a non-Unicode variable would repeat its value.
        let value = std::env::var_os(&self.name).ok_or_else(|| format!("{} is not set", self.name))?;
        let value = value.to_str().ok_or_else(|| format!("{} is not text", self.name))?;
        ApiKey::new(value).map_err(|error| format!("{}: {error}", self.name).into())
    }
}

impl ApiKeyProvider for EnvApiKey {
    fn api_key(&self) -> ProvidedKey {
        ProvidedKey::Now(self.read())
    }
}

/// API key in a file, read for each attempt. White space around the key is ignored.
///
/// The content is read each time, because modification times are too coarse to detect every rotation. This takes
/// microseconds on a local disk; do not use a file on a slow network mount. To rotate the key, write a new file and
/// rename it, so that no attempt reads half of a key.
///
/// ```
/// use avala_transport::{FileApiKey, TransportBuilder};
///
/// let builder = TransportBuilder::new().api_key_provider(FileApiKey::new("/run/secrets/avala-api-key"));
/// ```
#[derive(Debug)]
pub struct FileApiKey {
    path: PathBuf,
}

impl FileApiKey {
    /// Creates a provider that reads the file at `path` at each attempt.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn read(&self) -> Result<ApiKey, BoxError> {
        self.read_content().map_err(|error| format!("{}: {error}", self.path.display()).into())
    }

    fn read_content(&self) -> Result<ApiKey, BoxError> {
        let mut content = Vec::new();
        fs::File::open(&self.path)?.take(LONGEST_FILE + 1).read_to_end(&mut content)?;
        if content.len() as u64 > LONGEST_FILE {
            return Err("the file is too long for an API key".into());
        }
        let text = std::str::from_utf8(&content).map_err(|_| "the file is not UTF-8 text")?;
        // Some editors start a text with a byte order mark.
        Ok(ApiKey::new(text.trim_start_matches('\u{feff}').trim())?)
    }
}

impl ApiKeyProvider for FileApiKey {
    fn api_key(&self) -> ProvidedKey {
        ProvidedKey::Now(self.read())
    }
}
