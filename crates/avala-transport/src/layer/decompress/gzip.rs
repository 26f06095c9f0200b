//! Decompression of gzip (feature `gzip`).

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use flate2::write::GzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, RANGE};
use http::{Request, Response};
use http_body::{Body as _, Frame};
use pin_project_lite::pin_project;
use tower::BoxError;
use tower::{Layer, Service};

use crate::body::Body;
use crate::context::options::CallOptions;
use crate::error::{Sent, TransportError, TransportErrorKind, cause};

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// Number of bytes decompressed at a time. A byte can expand to 1,032 bytes, so 4 KiB to 4 MiB.
const PORTION: usize = 4 * 1024;

/// Maximum number of steps of one poll without output. An empty member takes four, and a server can send many.
const MOST_STEPS: usize = 64;

/// Requests compressed responses (gzip) and decompresses them.
///
/// Requests with an `accept-encoding` or `range` header, [streaming](CallOptions::streaming) requests, and their
/// responses are not changed. Other responses with `content-encoding: gzip` lose that header and their
/// `content-length`, and their body is decompressed in small portions while it is read. Place a
/// [`CollectLayer`](crate::layer::CollectLayer) above to cap the decompressed size.
///
/// A corrupt or truncated body fails with [`ConnectionLost`](TransportErrorKind::ConnectionLost). A body may have
/// several members. Data after the last member, such as padding with zeros, is ignored, as `gzip` and browsers do. An
/// empty body is valid.
///
/// ```
/// use avala_transport::Body;
/// use avala_transport::layer::{AdaptLayer, CollectLayer, DecompressLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(CollectLayer::new(64 << 20))
///     .layer(DecompressLayer::new(64 << 20))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|request: Request<Body>| async move {
///         assert_eq!(request.headers()["accept-encoding"], "gzip");
///         Ok::<_, std::io::Error>(Response::new(Body::from("or not compressed at all")))
///     }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DecompressLayer {
    max_bytes: usize,
}

impl DecompressLayer {
    /// Creates a layer that reads at most `max_bytes` of a compressed body, also if they decompress to nothing.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self { max_bytes }
    }
}

impl<S> Layer<S> for DecompressLayer {
    type Service = Decompress<S>;

    fn layer(&self, inner: S) -> Decompress<S> {
        Decompress { inner, max_bytes: self.max_bytes }
    }
}

/// The service of [`DecompressLayer`].
#[derive(Debug, Clone)]
pub struct Decompress<S> {
    inner: S,
    max_bytes: usize,
}

impl<S> Service<Request<Body>> for Decompress<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = DecompressFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let added = added_encoding(&request);
        let asked = added.is_some();
        if let Some(encoding) = added {
            request.headers_mut().insert(ACCEPT_ENCODING, encoding);
        }
        DecompressFuture { future: self.inner.call(request), asked, max_bytes: self.max_bytes }
    }
}

pin_project! {
    /// The future of [`Decompress`].
    #[derive(Debug)]
    pub struct DecompressFuture<F> {
        #[pin]
        future: F,
        asked: bool,
        max_bytes: usize,
    }
}

impl<F> Future for DecompressFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        // A response to HEAD has the headers of a body, but no body.
        if !*this.asked || !is_gzip(&response) || response.body().is_end_stream() {
            return Poll::Ready(Ok(response));
        }
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        Poll::Ready(Ok(response.map(|body| Body::once(Decompressed::new(body, *this.max_bytes)))))
    }
}

/// Returns the `accept-encoding` that the layer adds to a request.
pub(crate) fn added_encoding(request: &Request<Body>) -> Option<HeaderValue> {
    let streaming = request.extensions().get::<CallOptions>().is_some_and(|options| options.streaming);
    let headers = request.headers();
    let asks = !streaming && !headers.contains_key(ACCEPT_ENCODING) && !headers.contains_key(RANGE);
    asks.then_some(GZIP)
}

fn is_gzip(response: &Response<Body>) -> bool {
    let encoding = response.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    encoding.is_some_and(|name| name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip"))
}

/// Body that decompresses another body while it is read.
struct Decompressed {
    body: Body,
    max_bytes: usize,
    read: usize,
    /// Bytes that are read but not decompressed yet.
    input: Bytes,
    stage: Stage,
}

enum Stage {
    /// Inside a member, or before the first one.
    Member(Box<GzDecoder<Vec<u8>>>),
    /// After a member. The flag is set once the first byte of another member was read.
    Between(bool),
    /// After the last member: the rest of the body is ignored.
    Rest,
    /// After the end, or an error.
    Done,
}

impl Stage {
    fn member() -> Self {
        Self::Member(Box::new(GzDecoder::new(Vec::new())))
    }
}

impl Decompressed {
    fn new(body: Body, max_bytes: usize) -> Self {
        Self { body, max_bytes, read: 0, input: Bytes::new(), stage: Stage::member() }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, BoxError>> {
        for _ in 0..MOST_STEPS {
            if matches!(self.stage, Stage::Done) {
                return Poll::Ready(Ok(None));
            }
            let piece = if self.input.is_empty() {
                if ready!(self.poll_input(cx))? { continue } else { self.finish()? }
            } else {
                self.step().map_err(corrupt)?
            };
            if !piece.is_empty() {
                return Poll::Ready(Ok(Some(piece)));
            }
        }
        // Endless input may produce no output, so other tasks may run in between.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads more input, possibly none. Returns `false` at its end.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, BoxError>> {
        let announced = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        if self.read.saturating_add(announced) > self.max_bytes {
            return Poll::Ready(Err(TransportError::body_too_large(self.max_bytes).into()));
        }
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else { return Poll::Ready(Ok(false)) };
        self.input = frame?.into_data().unwrap_or_default();
        self.read = self.read.saturating_add(self.input.len());
        Poll::Ready(Ok(true))
    }

    /// Processes a portion of the input and returns the output.
    fn step(&mut self) -> io::Result<Vec<u8>> {
        match &mut self.stage {
            Stage::Member(decoder) => {
                let portion = self.input.get(..self.input.len().min(PORTION)).unwrap_or_default();
                let taken = decoder.write(portion)?;
                self.input.advance(taken);
                if taken > 0 {
                    return Ok(std::mem::take(decoder.get_mut()));
                }
                // The decoder accepts no input after the end of a member.
                decoder.try_finish()?;
                let rest = std::mem::take(decoder.get_mut());
                self.stage = Stage::Between(false);
                Ok(rest)
            }
            Stage::Between(first_is_read) => {
                let byte = self.input.get_u8();
                self.stage = match (*first_is_read, byte) {
                    (false, 0x1f) => Stage::Between(true),
                    (true, 0x8b) => {
                        let mut decoder = Box::new(GzDecoder::new(Vec::new()));
                        decoder.write_all(&[0x1f, 0x8b])?;
                        Stage::Member(decoder)
                    }
                    _ => Stage::Rest,
                };
                Ok(Vec::new())
            }
            Stage::Rest | Stage::Done => {
                self.input.clear();
                Ok(Vec::new())
            }
        }
    }

    fn finish(&mut self) -> Result<Vec<u8>, BoxError> {
        let rest = match &mut self.stage {
            // An empty body is not a cut body: some servers declare gzip without a body.
            Stage::Member(decoder) if self.read > 0 => {
                decoder.try_finish().map_err(corrupt)?;
                std::mem::take(decoder.get_mut())
            }
            Stage::Between(true) => return Err(corrupt(io::ErrorKind::UnexpectedEof.into())),
            _ => Vec::new(),
        };
        self.stage = Stage::Done;
        Ok(rest)
    }
}

impl http_body::Body for Decompressed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let piece = ready!(self.poll_piece(cx));
        if piece.is_err() {
            self.stage = Stage::Done;
        }
        Poll::Ready(piece.transpose().map(|piece| piece.map(|bytes| Frame::data(bytes.into()))))
    }
}

fn corrupt(error: io::Error) -> BoxError {
    let message = format!("the compressed response body is corrupt or truncated: {}", cause(&error));
    TransportError::new(TransportErrorKind::ConnectionLost, message).with_sent(Sent::Yes).with_source(error).into()
}
