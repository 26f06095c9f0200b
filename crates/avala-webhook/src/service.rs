//! A tower service that receives webhooks.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::Service;

use crate::Delivery;
use crate::read_body::receive;
use crate::verifier::WebhookVerifier;

/// A tower service that verifies deliveries and calls a handler with each valid one.
///
/// It responds with 204 if the handler succeeds, and with 500 if the handler fails, so that Avala repeats the delivery.
/// An invalid delivery gets the [status of its error](crate::VerifyErrorKind::status) and no details; other methods
/// than `POST` get 405. Respond within a few seconds: let the handler store the delivery and do the work later. Put
/// a timeout layer around it, because a sender may send its body slowly.
///
/// ```
/// use avala_webhook::{Delivery, WebhookService, WebhookVerifier};
///
/// let verifier = WebhookVerifier::new(["whsec_1f9a"])?;
/// let service = WebhookService::new(verifier, |delivery: Delivery| async move {
///     println!("{} {}", delivery.id, delivery.event.event);
///     Ok::<_, std::io::Error>(())
/// });
/// # Ok::<(), avala_webhook::VerifyError>(())
/// ```
#[derive(Clone)]
pub struct WebhookService<H> {
    verifier: WebhookVerifier,
    handler: H,
}

impl<H> WebhookService<H> {
    /// Creates a service from a verifier and a handler, an async function of a [`Delivery`] that returns a `Result`.
    pub fn new<R, E>(verifier: WebhookVerifier, handler: H) -> Self
    where
        H: Fn(Delivery) -> R,
        R: Future<Output = Result<(), E>>,
    {
        Self { verifier, handler }
    }
}

impl<H> fmt::Debug for WebhookService<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookService").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

impl<H, R, E, B> Service<Request<B>> for WebhookService<H>
where
    H: Fn(Delivery) -> R + Clone + Send + 'static,
    R: Future<Output = Result<(), E>> + Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let (verifier, handler) = (self.verifier.clone(), self.handler.clone());
        Box::pin(async move {
            let status = if request.method() == Method::POST {
                match receive(&verifier, request).await {
                    Ok(delivery) => match handler(delivery).await {
                        Ok(()) => StatusCode::NO_CONTENT,
                        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
                    },
                    Err(error) => StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::BAD_REQUEST),
                }
            } else {
                StatusCode::METHOD_NOT_ALLOWED
            };
            let mut response = Response::new(Full::default());
            *response.status_mut() = status;
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
            Ok(response)
        })
    }
}
