//! The receivers, with requests like those of an HTTP server.
#![cfg(all(feature = "axum", feature = "tower"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::pin::Pin;
use std::task::{Context, Poll};

use avala_webhook::{
    DELIVERY_HEADER, Delivery, EVENT_HEADER, SIGNATURE_HEADER, Verified, VerifyError, VerifyErrorKind, WebhookService,
    WebhookVerifier, sign,
};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::Limited;
use tower::{Service as _, ServiceExt};

const BODY: &str = r#"{"uid":"e1","status":"exported"}"#;

fn request(secret: &str, body: &str) -> Request<Body> {
    Request::post("/avala")
        .header(EVENT_HEADER, "export.completed")
        .header(DELIVERY_HEADER, "d1")
        .header(SIGNATURE_HEADER, sign(secret, body.as_bytes()))
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn router(verifier: &WebhookVerifier) -> Router {
    let receive = |Verified(delivery): Verified| async move { format!("{} {}", delivery.id, delivery.event.event) };
    Router::new().route("/avala", post(receive)).with_state(verifier.clone())
}

async fn status(verifier: &WebhookVerifier, request: Request<Body>) -> StatusCode {
    router(verifier).oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn the_extractor_rejects_with_the_status_of_the_error() {
    let verifier = WebhookVerifier::new(["whsec_1f9a"]).unwrap().max_body_bytes(100);
    assert_eq!(status(&verifier, request("whsec_1f9a", BODY)).await, StatusCode::OK);
    assert_eq!(status(&verifier, request("whsec_other", BODY)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&verifier, request("whsec_1f9a", &"x".repeat(101))).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(status(&verifier, request("whsec_1f9a", "not json")).await, StatusCode::BAD_REQUEST);
    let mut without_id = request("whsec_1f9a", BODY);
    without_id.headers_mut().remove(DELIVERY_HEADER);
    assert_eq!(status(&verifier, without_id).await, StatusCode::BAD_REQUEST);
}

/// A layer such as `tower_http::limit::RequestBodyLimitLayer` ends the body with an error of its own, and axum wraps that.
#[tokio::test]
async fn body_over_the_limit_of_a_layer_is_too_large_too() {
    let verifier = WebhookVerifier::new(["whsec_1f9a"]).unwrap();
    let limited = |limit| request("whsec_1f9a", BODY).map(|body| Body::new(Limited::new(body, limit)));
    assert_eq!(status(&verifier, limited(BODY.len())).await, StatusCode::OK);
    assert_eq!(status(&verifier, limited(BODY.len() - 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
    let handle = |_: Delivery| async { Ok::<_, std::io::Error>(()) };
    let mut app = Router::<()>::new().route_service("/avala", WebhookService::new(verifier, handle)).into_service();
    for (limit, expected) in [(BODY.len(), StatusCode::NO_CONTENT), (9, StatusCode::PAYLOAD_TOO_LARGE)] {
        let response = ServiceExt::<Request<Body>>::ready(&mut app).await.unwrap().call(limited(limit)).await.unwrap();
        assert_eq!(response.status(), expected);
    }
}

#[tokio::test]
async fn broken_body_is_unreadable_and_never_verified() {
    let verifier = WebhookVerifier::new(["whsec_1f9a"]).unwrap();
    let broken = request("whsec_1f9a", BODY).map(|_| Body::new(Broken(Some(BODY.into()))));
    assert_eq!(status(&verifier, broken).await, StatusCode::BAD_REQUEST);
}

/// A body whose connection breaks after all of its bytes, and before its end.
struct Broken(Option<Bytes>);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let broken = std::io::ErrorKind::ConnectionReset.into();
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or(broken)))
    }
}

#[tokio::test]
async fn rotated_secrets_apply_to_running_receivers() {
    let verifier = WebhookVerifier::new(["whsec_old"]).unwrap();
    assert_eq!(status(&verifier, request("whsec_new", BODY)).await, StatusCode::UNAUTHORIZED);
    verifier.clone().rotate(["whsec_new", "whsec_old"]).unwrap();
    for secret in ["whsec_new", "whsec_old"] {
        assert_eq!(status(&verifier, request(secret, BODY)).await, StatusCode::OK);
    }
    let error = verifier.rotate(["whsec_new", " "]).unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::NoSecret);
    assert_eq!(
        status(&verifier, request("whsec_old", BODY)).await,
        StatusCode::OK,
        "a failed rotation changes nothing"
    );
}

#[tokio::test]
async fn the_service_calls_the_handler_of_valid_deliveries_only() {
    let verifier = WebhookVerifier::new(["whsec_1f9a"]).unwrap();
    let service = WebhookService::new(verifier, |delivery: Delivery| async move {
        if delivery.id.as_str() == "d1" { Ok(()) } else { Err(std::io::Error::other("not handled")) }
    });
    let status = |request| async { service.clone().oneshot(request).await.unwrap().status() };
    assert_eq!(status(request("whsec_1f9a", BODY)).await, StatusCode::NO_CONTENT);
    assert_eq!(status(request("whsec_other", BODY)).await, StatusCode::UNAUTHORIZED);
    let mut failing = request("whsec_1f9a", BODY);
    failing.headers_mut().insert(DELIVERY_HEADER, "d2".parse().unwrap());
    assert_eq!(status(failing).await, StatusCode::INTERNAL_SERVER_ERROR);
    let get = Request::get("/avala").body(Body::empty()).unwrap();
    let refused = service.clone().oneshot(get).await.unwrap();
    assert_eq!(
        (refused.status(), &refused.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &HeaderValue::from_static("POST"))
    );
}

#[tokio::test]
async fn the_error_can_be_handled_by_the_route() {
    let verifier = WebhookVerifier::new(["whsec_1f9a"]).unwrap();
    let receive = |delivery: Result<Verified, VerifyError>| async move { delivery.unwrap_err().to_string() };
    let app = Router::new().route("/avala", post(receive)).with_state(verifier);
    let response = app.oneshot(request("whsec_other", BODY)).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
    assert_eq!(body, "signature mismatch");
}

#[test]
fn debug_output_shows_no_secret() {
    let verifier = WebhookVerifier::new(["whsec_1f9a"]).unwrap();
    let service = WebhookService::new(verifier.clone(), |_: Delivery| async { Ok::<_, std::io::Error>(()) });
    assert!(!format!("{verifier:?} {service:?}").contains("1f9a"));
}
