//! Keys that can change while the program runs: those of files and commands.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use avala_client::transport::{
    ApiKey, ApiKeyProvider, Body, BoxError, Provided, ProvidedKey, Transport, TransportError,
};
use http::{Request, Response, StatusCode};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tower::{Layer, Service, ServiceExt as _};

use crate::key::{KeySource, command, keyring, read_file};

/// How long before its expiry a key is replaced.
const MARGIN: Duration = Duration::from_secs(10);

/// Key of a source, kept until it expires or is rejected.
#[derive(Clone)]
pub(crate) struct RefreshingKey {
    source: Arc<KeySource>,
    kept: Arc<Mutex<Option<Kept>>>,
    /// Whether the server rejected a key of this source.
    is_rejected: Arc<AtomicBool>,
}

struct Kept {
    key: ApiKey,
    expires_at: Option<OffsetDateTime>,
}

impl RefreshingKey {
    pub(crate) fn new(source: KeySource) -> Self {
        Self { source: Arc::new(source), kept: Arc::default(), is_rejected: Arc::default() }
    }

    async fn get(self) -> Result<ApiKey, BoxError> {
        // The lock is held while a command runs, so that concurrent calls run it once.
        let mut kept = self.kept.lock().await;
        if let Some(Kept { key, expires_at }) = &*kept
            && expires_at.is_none_or(|time| OffsetDateTime::now_utc() + MARGIN < time)
        {
            return Ok(key.clone());
        }
        let (secret, expires_at) = match &*self.source {
            KeySource::Text(key) => (key.clone(), None),
            KeySource::File(_, key) if !self.is_rejected.load(Ordering::Relaxed) => (key.clone(), None),
            KeySource::File(path, _) => (read_file(path).map_err(|failure| failure.line())?, None),
            KeySource::Command(line) => {
                let key = command::run(line).await?;
                (key.key, key.expires_at)
            }
            KeySource::Keyring(profile) => (keyring::read(profile).await?, None),
        };
        let key = ApiKey::new(secret.expose())?;
        *kept = Some(Kept { key: key.clone(), expires_at });
        Ok(key)
    }

    /// Returns whether the source can provide another key after a rejection.
    fn can_change(&self) -> bool {
        !matches!(*self.source, KeySource::Text(_))
    }

    async fn forget(&self) {
        self.is_rejected.store(true, Ordering::Relaxed);
        *self.kept.lock().await = None;
    }
}

impl ApiKeyProvider for RefreshingKey {
    fn api_key(&self) -> ProvidedKey {
        Provided::later(self.clone().get())
    }
}

/// Repeats a call once after a 401, with a new key of the source. The rejected call had no effect.
#[derive(Clone)]
pub(crate) struct RefreshLayer(pub(crate) RefreshingKey);

impl Layer<Transport> for RefreshLayer {
    type Service = Refresh;

    fn layer(&self, inner: Transport) -> Refresh {
        Refresh { inner, key: self.0.clone() }
    }
}

#[derive(Clone)]
pub(crate) struct Refresh {
    inner: Transport,
    key: RefreshingKey,
}

impl Service<Request<Body>> for Refresh {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next.clone());
        let key = self.key.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let again =
                body.try_clone().filter(|_| key.can_change()).map(|body| Request::from_parts(parts.clone(), body));
            let response = inner.call(Request::from_parts(parts, body)).await?;
            match again {
                Some(again) if response.status() == StatusCode::UNAUTHORIZED => {
                    key.forget().await;
                    next.oneshot(again).await
                }
                _ => Ok(response),
            }
        })
    }
}
