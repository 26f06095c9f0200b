//! Rate limit and concurrency limit of this crate in another tower stack.
//!
//! Run it with `cargo run -p avala-transport --example limits_alone`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::{Duration, Instant};

use avala_transport::layer::{AdaptLayer, ConcurrencyLimitLayer, RateLimitLayer};
use avala_transport::{Body, CallOptions, ConcurrencyGroup, ConcurrencyLimits, RateLimit, RateLimiter};
use http::{Request, Response};
use tokio::task::JoinSet;
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// A separate group, with a limit of two calls at once.
const THUMBNAILS: ConcurrencyGroup = ConcurrencyGroup::new("thumbnails");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let slow = service_fn(|_request: Request<Body>| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok::<_, std::io::Error>(Response::new(Body::empty()))
    });
    let service = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(ConcurrencyLimits::default().group(THUMBNAILS, 2)))
        // 20 a second, after a burst of 4.
        .layer(RateLimitLayer::new(RateLimiter::new(RateLimit::per_minute(1_200).burst(4))))
        .layer(AdaptLayer::new())
        .service(slow);

    let started = Instant::now();
    let mut calls = JoinSet::new();
    for index in 0..8 {
        let service = service.clone();
        calls.spawn(async move {
            let group = if index % 2 == 0 { THUMBNAILS } else { ConcurrencyGroup::DEFAULT };
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(CallOptions::new().with_concurrency_group(group));
            service.oneshot(request).await.map(|_response| (index, group))
        });
    }
    while let Some(done) = calls.join_next().await {
        let (index, group) = done??;
        println!("call {index} of the group {group} was done after {:.0?}", started.elapsed());
    }
    Ok(())
}
