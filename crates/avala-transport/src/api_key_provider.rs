//! Where the API key comes from.

use std::fs::{self, Metadata};
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::{ApiKey, BoxError};

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

/// The key in a file, read again when the file was changed. White space around the key is ignored.
///
/// Each attempt asks the file system when the file was changed, which takes microseconds on a local disk. Give it no
/// file on a slow network mount. To change the key, write a new file and rename it: then no attempt sees half of it.
///
/// ```
/// use avala_transport::{FileApiKey, TransportBuilder};
///
/// let builder = TransportBuilder::new().api_key_provider(FileApiKey::new("/run/secrets/avala-api-key"));
/// ```
#[derive(Debug)]
pub struct FileApiKey {
    path: PathBuf,
    last: Mutex<Option<(Version, ApiKey)>>,
}

/// What changes when the file does.
#[derive(Debug, PartialEq)]
struct Version {
    modified: SystemTime,
    length: u64,
}

impl Version {
    fn of(metadata: &Metadata) -> std::io::Result<Self> {
        Ok(Self { modified: metadata.modified()?, length: metadata.len() })
    }
}

impl FileApiKey {
    /// A provider that reads the file at `path`. Nothing is read yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), last: Mutex::new(None) }
    }

    fn read(&self) -> Result<ApiKey, BoxError> {
        let in_file = |error: BoxError| -> BoxError { format!("{}: {error}", self.path.display()).into() };
        // Before the content, so that a change between the two is found the next time.
        let version = fs::metadata(&self.path).and_then(|metadata| Version::of(&metadata));
        let version = version.map_err(|error| in_file(error.into()))?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, key)) = &*last
            && *seen == version
        {
            return Ok(key.clone());
        }
        let key = self.read_content().map_err(in_file)?;
        *last = Some((version, key.clone()));
        Ok(key)
    }

    fn read_content(&self) -> Result<ApiKey, BoxError> {
        let mut text = String::new();
        fs::File::open(&self.path)?.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LONGEST_FILE {
            return Err("the file is too long for an API key".into());
        }
        Ok(ApiKey::new(text.trim())?)
    }
}

impl ApiKeyProvider for FileApiKey {
    fn api_key(&self) -> ProvidedKey {
        ProvidedKey::Now(self.read())
    }
}
