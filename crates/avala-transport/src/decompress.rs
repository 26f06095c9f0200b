//! Answers that come compressed.

#[cfg(feature = "gzip")]
pub use self::gzip::{Decompress, DecompressFuture, DecompressLayer};

/// The layer at the bottom of the stack: nothing at all without the feature `gzip`.
#[cfg(not(feature = "gzip"))]
pub(crate) fn layer(_max_bytes: usize) -> tower::layer::util::Identity {
    tower::layer::util::Identity::new()
}

/// The `accept-encoding` that the layer adds to a request.
#[cfg(not(feature = "gzip"))]
pub(crate) fn added_encoding(_request: &http::Request<crate::body::Body>) -> Option<http::HeaderValue> {
    None
}

#[cfg(feature = "gzip")]
pub(crate) use self::gzip::added_encoding;

#[cfg(feature = "gzip")]
pub(crate) fn layer(max_bytes: usize) -> DecompressLayer {
    DecompressLayer::new(max_bytes)
}

#[cfg(feature = "gzip")]
mod gzip {
    use std::io::{self, Write};
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use bytes::Bytes;
    use flate2::write::MultiGzDecoder;
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, RANGE};
    use http::{Request, Response};
    use http_body::{Body as _, Frame};
    use pin_project_lite::pin_project;
    use tower::{Layer, Service};

    use crate::{Body, BoxError, CallOptions, Sent, TransportError, TransportErrorKind};

    const GZIP: HeaderValue = HeaderValue::from_static("gzip");

    /// How much is decompressed at a time. A byte becomes 1,032 at the most, so 4 KiB become 4 MiB.
    const PORTION: usize = 4 * 1024;

    /// Asks for compressed answers and decompresses them.
    ///
    /// A request that already has an `accept-encoding`, wants a part by `range`, or is
    /// [streaming](CallOptions::streaming) is let alone, and so is its answer. The other answers that say
    /// `content-encoding: gzip` lose that header and their `content-length`, and their body is decompressed while it is
    /// read, a little at a time. Put a [`CollectLayer`](crate::CollectLayer) above: it has the cap on what comes out.
    ///
    /// A body that is corrupt, or ends before its end, is a broken [`Connection`](TransportErrorKind::Connection).
    ///
    /// ```
    /// use avala_transport::{AdaptLayer, Body, CollectLayer, DecompressLayer};
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
        /// A layer that reads at most `max_bytes` of a compressed body, whatever becomes of them: a body can be long
        /// and hold nothing.
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
            // The answer to a HEAD has the headers of a body, and none.
            if !*this.asked || !is_gzip(&response) || response.body().is_end_stream() {
                return Poll::Ready(Ok(response));
            }
            response.headers_mut().remove(CONTENT_ENCODING);
            response.headers_mut().remove(CONTENT_LENGTH);
            Poll::Ready(Ok(response.map(|body| Body::once(Decompressed::new(body, *this.max_bytes)))))
        }
    }

    /// The `accept-encoding` that the layer adds to a request.
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

    /// A body that decompresses another one while it is read.
    struct Decompressed {
        body: Body,
        max_bytes: usize,
        read: usize,
        /// What was read and is not decompressed yet.
        input: Bytes,
        /// `None` after the end.
        decoder: Option<MultiGzDecoder<Vec<u8>>>,
    }

    impl Decompressed {
        fn new(body: Body, max_bytes: usize) -> Self {
            let decoder = Some(MultiGzDecoder::new(Vec::new()));
            Self { body, max_bytes, read: 0, input: Bytes::new(), decoder }
        }

        fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, BoxError>> {
            let Some(decoder) = &mut self.decoder else { return Poll::Ready(Ok(None)) };
            loop {
                if !self.input.is_empty() {
                    let portion = self.input.split_to(self.input.len().min(PORTION));
                    decoder.write_all(&portion).map_err(corrupt)?;
                    let piece = std::mem::take(decoder.get_mut());
                    if !piece.is_empty() {
                        return Poll::Ready(Ok(Some(piece)));
                    }
                    continue;
                }
                let announced = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
                if self.read.saturating_add(announced) > self.max_bytes {
                    return Poll::Ready(Err(TransportError::body_too_large(self.max_bytes).into()));
                }
                let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else { break };
                self.input = frame?.into_data().unwrap_or_default();
                self.read = self.read.saturating_add(self.input.len());
            }
            // A body of no bytes at all is empty, and not cut: some servers say gzip about that too.
            let rest = if self.read == 0 { Ok(Vec::new()) } else { finish(decoder) };
            self.decoder = None;
            Poll::Ready(rest.map(Some))
        }
    }

    fn finish(decoder: &mut MultiGzDecoder<Vec<u8>>) -> Result<Vec<u8>, BoxError> {
        decoder.try_finish().map_err(corrupt)?;
        Ok(std::mem::take(decoder.get_mut()))
    }

    impl http_body::Body for Decompressed {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            let piece = ready!(self.poll_piece(cx));
            if piece.is_err() {
                self.decoder = None;
            }
            Poll::Ready(piece.transpose().map(|piece| piece.map(|bytes| Frame::data(bytes.into()))))
        }
    }

    fn corrupt(error: io::Error) -> BoxError {
        TransportError::new(TransportErrorKind::Connection, "the compressed body is corrupt or ends before its end")
            .with_sent(Sent::Yes)
            .with_source(error)
            .into()
    }
}
