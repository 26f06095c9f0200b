//! Where the API key comes from.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;

use crate::BoxError;
use crate::credentials::api_key::ApiKey;

/// More than any key has; a path that names another file by mistake is then not read into memory.
const LONGEST_FILE: u64 = 8 * 1024;

/// Gives the API key for each attempt of each call, so that a new key counts from the next attempt on.
///
/// An [`ApiKey`] is the provider that always gives itself. [`EnvApiKey`] and [`FileApiKey`] look it up. A function is a
/// provider too:
///
/// ```
/// use avala_transport::{ApiKey, ProvidedKey, TransportBuilder};
///
/// # async fn ask_the_vault() -> Result<String, std::io::Error> { Ok("avk_example".to_owned()) }
/// let builder = TransportBuilder::new()
///     .api_key_provider(|| ProvidedKey::later(async { Ok::<_, avala_transport::BoxError>(ApiKey::new(ask_the_vault().await?)?) }));
/// ```
///
/// A provider that fails ends the call with [`Configuration`](crate::TransportErrorKind::Configuration) and its error
/// as the source. That error is shown, so it must not repeat a key. Nothing is sent then, and there is no other attempt.
pub trait ApiKeyProvider: Send + Sync + 'static {
    /// The key for an attempt that is about to be sent. What takes long to find is better kept for the next attempts.
    ///
    /// The time for waiting is the call's, and not the attempt's.
    fn api_key(&self) -> ProvidedKey;
}

/// What an [`ApiKeyProvider`] returns.
pub type ProvidedKey = Provided<ApiKey>;

/// Credentials from a provider: an [`ApiKey`], or an [`AccessToken`](crate::AccessToken).
pub enum Provided<T> {
    /// The credentials are known, or there are none. Costs no allocation.
    Now(Result<T, BoxError>),
    /// The credentials have to be fetched.
    Later(Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>),
}

impl<T> Provided<T> {
    /// Returns credentials that are known, or the reason why there are none.
    pub fn now<E: Into<BoxError>>(result: Result<T, E>) -> Self {
        Self::Now(result.map_err(Into::into))
    }

    /// Returns credentials that `future` fetches.
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

/// The key in a variable of the environment, read anew for each attempt.
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
    /// A provider that reads the variable `name`. Nothing is read yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    fn read(&self) -> Result<ApiKey, BoxError> {
        // The error of a variable that is not text would repeat its value.
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

/// The key in a file, read for each attempt. White space around the key is ignored.
///
/// No rotation is missed: the time of a change is not fine enough to tell two changes apart, so the content is read each
/// time, which takes microseconds on a local disk. Give it no file on a slow network mount. To change the key, write a
/// new file and rename it: then no attempt sees half of it.
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
    /// A provider that reads the file at `path`. Nothing is read yet.
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
        // Editors of some systems begin a text with a byte order mark.
        Ok(ApiKey::new(text.trim_start_matches('\u{feff}').trim())?)
    }
}

impl ApiKeyProvider for FileApiKey {
    fn api_key(&self) -> ProvidedKey {
        ProvidedKey::Now(self.read())
    }
}
