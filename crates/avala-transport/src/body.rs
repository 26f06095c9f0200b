//! Body type of requests and responses.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tower::BoxError;

use crate::collect_body::CollectBody;
use crate::error::TransportError;
#[cfg(feature = "fs")]
use crate::file_body::FileSource;
use crate::stream_body::StreamBody;

/// A user's stream, which need not be `Sync`. The mutex makes it `Sync` and is only locked to read the size hint:
/// reading needs `&mut`.
struct Reader(Mutex<UnsyncBoxBody<Bytes, BoxError>>);

impl Reader {
    fn lock(&self) -> MutexGuard<'_, UnsyncBoxBody<Bytes, BoxError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get_mut(&mut self) -> &mut UnsyncBoxBody<Bytes, BoxError> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returned by [`Body::as_bytes`] for an empty body.
static NO_BYTES: Bytes = Bytes::new();

type Factory = Arc<dyn Fn() -> Reader + Send + Sync>;

/// Body of a request or response.
///
/// A body from bytes or from a factory can be sent again by a retry. With a body that can be read only
/// [once](Body::once), a call has one attempt. `Body` is always `Send` and `Sync`, so other HTTP clients accept it
/// (`reqwest::Body::wrap`).
///
/// ```
/// use avala_transport::Body;
///
/// let body = Body::from(r#"{"name": "street scenes"}"#);
/// assert!(body.is_replayable());
/// assert_eq!(body.as_bytes().map(|bytes| bytes.len()), Some(25));
/// ```
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Bytes(Bytes),
    // Boxed, so that a body is as small as its bytes: requests are moved from layer to layer.
    Replay(Box<Replay>),
    Once(Reader),
}

struct Replay {
    factory: Factory,
    // Created when the size or the content is first needed, so that a copy that is never sent costs nothing.
    stream: OnceLock<Reader>,
}

impl Replay {
    fn new(factory: Factory) -> Box<Self> {
        Box::new(Self { factory, stream: OnceLock::new() })
    }

    fn stream(&self) -> &Reader {
        self.stream.get_or_init(|| (self.factory)())
    }
}

impl Body {
    /// Creates an empty body.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// Creates a body that `factory` produces for each attempt.
    ///
    /// All bodies that `factory` returns must have the same bytes. It is called when an attempt is sent, before a
    /// connection is available.
    ///
    /// ```
    /// use avala_transport::Body;
    ///
    /// let body = Body::replay(|| Body::from("the same bytes each time"));
    /// assert!(body.try_clone().is_some());
    /// ```
    pub fn replay<F, B>(factory: F) -> Self
    where
        F: Fn() -> B + Send + Sync + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Replay(Replay::new(Arc::new(move || into_reader(factory())))))
    }

    /// Creates a body that can be read only once, such as a stream. A `Body` is returned unchanged.
    pub fn once<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match take_own(body) {
            Ok(own) => own,
            Err(other) => Self(Kind::Once(into_reader(other))),
        }
    }

    /// Creates a body of `length` bytes that a stream produces. It can be read once, so that the call has one attempt.
    ///
    /// The length is sent as `content-length`. A stream that is shorter or longer fails
    /// the call with the kind [`Request`](crate::TransportErrorKind::Request), and so does an error of the stream. For
    /// more than one attempt, create the stream in [`replay`](Self::replay).
    ///
    /// ```
    /// use avala_transport::Body;
    /// use bytes::Bytes;
    ///
    /// # fn run(chunks: impl futures_core::Stream<Item = std::io::Result<Bytes>> + Send + 'static) {
    /// let body = Body::stream(10 << 20, chunks);
    /// # }
    /// ```
    pub fn stream<S, E>(length: u64, stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::once(StreamBody::new(stream, length))
    }

    /// Creates a body from a file, with its current length as `content-length`. It is read while it is sent, 64 KiB at
    /// a time, and opened again for each attempt.
    ///
    /// A file whose length or modification time has changed since fails the attempt with the kind
    /// [`Request`](crate::TransportErrorKind::Request), so that no mixture of two versions is sent.
    ///
    /// # Errors
    ///
    /// If the file does not exist, is not a regular file, or its metadata cannot be read.
    ///
    /// ```
    /// # async fn run() -> std::io::Result<()> {
    /// let body = avala_transport::Body::file("drive.mcap").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "fs")]
    pub async fn file(path: impl Into<std::path::PathBuf>) -> std::io::Result<Self> {
        let file = FileSource::of(path.into()).await?;
        Ok(Self::replay(move || file.open()))
    }

    /// Returns the bytes if all of them are in memory: zero bytes for an empty body, and `None` for a factory or a
    /// stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Empty => Some(&NO_BYTES),
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Replay(_) | Kind::Once(_) => None,
        }
    }

    /// Returns a second body with the same bytes, without copying them. `None` for a body that can be read only once.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Kind::Empty => Some(Self(Kind::Empty)),
            Kind::Bytes(bytes) => Some(Self(Kind::Bytes(bytes.clone()))),
            Kind::Replay(replay) => Some(Self(Kind::Replay(Replay::new(Arc::clone(&replay.factory))))),
            Kind::Once(_) => None,
        }
    }

    /// Returns whether the body can be sent more than once.
    #[must_use]
    pub fn is_replayable(&self) -> bool {
        !matches!(self.0, Kind::Once(_))
    }

    /// Returns whether reading the body can fail.
    #[cfg(feature = "hyper")]
    pub(crate) fn can_fail(&self) -> bool {
        matches!(self.0, Kind::Replay(_) | Kind::Once(_))
    }

    /// Reads the whole body into memory, up to `max_bytes`. Bytes that are already in memory are not copied.
    ///
    /// # Errors
    ///
    /// [`BodyTooLarge`](crate::TransportErrorKind::BodyTooLarge) as soon as the body is known to be larger, and
    /// [`ConnectionLost`](crate::TransportErrorKind::ConnectionLost) if the body is cut short.
    pub async fn read_to_bytes(self, max_bytes: usize) -> Result<Bytes, TransportError> {
        CollectBody::new(self, max_bytes).await
    }

    /// Reads the first `max_bytes` of the body, and returns whether there is more. The rest is not read.
    ///
    /// # Errors
    ///
    /// [`ConnectionLost`](crate::TransportErrorKind::ConnectionLost) if the body is cut short.
    ///
    /// ```
    /// # async fn run() -> Result<(), avala_transport::TransportError> {
    /// let (start, was_cut) = avala_transport::Body::from("a long message").read_start(6).await?;
    /// assert_eq!((&start[..], was_cut), (&b"a long"[..], true));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_start(self, max_bytes: usize) -> Result<(Bytes, bool), TransportError> {
        let mut collect = CollectBody::start_of(self, max_bytes);
        let bytes = (&mut collect).await?;
        Ok((bytes, collect.was_cut()))
    }
}

fn into_reader<B>(body: B) -> Reader
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Reader(Mutex::new(body.map_err(Into::into).boxed_unsync()))
}

/// Returns `body` unchanged if it already is a `Body`, so that middleware that does not touch bodies keeps them in
/// memory.
fn take_own<B: 'static>(body: B) -> Result<Body, B> {
    let mut slot = Some(body);
    let own = (&mut slot as &mut dyn Any).downcast_mut::<Option<Body>>().and_then(Option::take);
    match (own, slot) {
        (Some(own), _) => Ok(own),
        (None, Some(other)) => Err(other),
        (None, None) => Ok(Body::empty()),
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                if bytes.is_empty() { Poll::Ready(None) } else { Poll::Ready(Some(Ok(Frame::data(bytes)))) }
            }
            Kind::Replay(replay) => {
                let stream = replay.stream.take().unwrap_or_else(|| (replay.factory)());
                self.0 = Kind::Once(stream);
                self.poll_frame(cx)
            }
            Kind::Once(stream) => Pin::new(stream.get_mut()).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Replay(replay) => replay.stream().lock().is_end_stream(),
            Kind::Once(stream) => stream.lock().is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Replay(replay) => replay.stream().lock().size_hint(),
            Kind::Once(stream) => stream.lock().size_hint(),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

/// Shows the kind of the body and its size, never its content.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Empty => f.write_str("Body::Empty"),
            Kind::Bytes(bytes) => write!(f, "Body::Bytes({} bytes)", bytes.len()),
            Kind::Replay(_) => f.write_str("Body::Replay"),
            Kind::Once(_) => f.write_str("Body::Once"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[test]
    fn body_passes_through_once_unchanged() {
        let body = Body::once(Body::from("abc"));
        assert_eq!(body.as_bytes().map(|bytes| &bytes[..]), Some(&b"abc"[..]));
        assert!(body.try_clone().is_some());
    }

    #[test]
    fn foreign_body_can_be_read_once() {
        let body = Body::once(Full::new(Bytes::from_static(b"abc")));
        assert!(!body.is_replayable());
        assert!(body.try_clone().is_none());
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(3));
    }

    #[tokio::test]
    async fn factory_is_called_once_for_each_body_that_is_read() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let body = Body::replay(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Full::new(Bytes::from_static(b"abc"))
        });
        let second = body.try_clone().unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        assert_eq!(http_body::Body::size_hint(&second).exact(), Some(3));
        assert_eq!(second.read_to_bytes(10).await.unwrap(), "abc");
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Body::from("password")), "Body::Bytes(8 bytes)");
    }
}
