//! A `reqwest` client as the service of the SDK: retries and bodies work like with the SDK's HTTP client.

use std::time::Duration;

use avala_client::transport::layer::classify_reqwest;
use avala_client::transport::{Body, RateLimiter, RetryPolicy};
use avala_client::types::CreateExport;
use avala_client::{Avala, AvalaBuilder, ErrorKind, Sent};
use avala_sandbox::Sandbox;
use http::{Request, Response};
use tokio::net::TcpListener;
use tower::service_fn;

/// Returns a client over reqwest that does not follow redirects.
fn over_reqwest(url: &str, key: &str) -> AvalaBuilder {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let send = move |request: Request<Body>| {
        let client = client.clone();
        async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
            Ok::<_, reqwest::Error>(Response::from(client.execute(request).await?))
        }
    };
    Avala::builder()
        .api_key(key)
        .base_url(url)
        .allow_insecure_base_url(true)
        .rate_limiter(RateLimiter::off())
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
        .service_with_classifier(service_fn(send), classify_reqwest)
}

#[tokio::test]
async fn reqwest_sends_calls_and_bodies() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = over_reqwest(sandbox.url(), sandbox.key()).build().unwrap();
    let project = avala.projects().list().await.unwrap().items.remove(0).uid;
    let export = avala.exports().create(&CreateExport::project(&project).name("by reqwest")).await.unwrap();
    assert_eq!(export.name.as_deref(), Some("by reqwest"));
}

#[tokio::test]
async fn reqwest_keeps_its_retries_where_they_are_safe() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let avala = over_reqwest(&url, "avk_1").build().unwrap();
    let error = avala.exports().create(&CreateExport::project("p1")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 3));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
        }
    });
    let avala = over_reqwest(&url, "avk_1").build().unwrap();
    let of_post = avala.exports().create(&CreateExport::project("p1")).await.unwrap_err();
    assert_eq!((of_post.sent(), of_post.attempts()), (Sent::Maybe, 1));
    let of_get = avala.tasks().get("t1").await.unwrap_err();
    assert_eq!((of_get.kind(), of_get.attempts()), (ErrorKind::ConnectionLost, 3));
}
