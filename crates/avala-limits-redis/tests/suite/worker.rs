//! One of the processes that share a limit.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use avala_limits_redis::RedisLimits;
use avala_transport::{ApiKey, BaseUrl, Body, RateLimit, RateLimiter, TransportBuilder};
use http::{HeaderValue, Request};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;
use tower::util::MapRequestLayer;

use crate::counting_server::GRANTED_AT;

/// Settings of one process.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) redis: String,
    pub(crate) server: SocketAddr,
    pub(crate) seconds: u64,
    pub(crate) per_minute: u32,
    pub(crate) burst: u32,
    pub(crate) share: u32,
    /// Timeout of Redis in milliseconds.
    pub(crate) timeout: u64,
}

impl Work {
    pub(crate) fn to_text(&self) -> String {
        let Self { redis, server, seconds, per_minute, burst, share, timeout } = self;
        format!("{redis} {server} {seconds} {per_minute} {burst} {share} {timeout}")
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut next = || words.next();
        Some(Self {
            redis: next()?.to_owned(),
            server: next()?.parse().ok()?,
            seconds: next()?.parse().ok()?,
            per_minute: next()?.parse().ok()?,
            burst: next()?.parse().ok()?,
            share: next()?.parse().ok()?,
            timeout: next()?.parse().ok()?,
        })
    }

    /// Calls the server as often as the limits allow, with four callers. Each call has the time of its grant in a
    /// header.
    pub(crate) async fn run(&self) {
        let base_url = BaseUrl::parse_insecure_loopback(&format!("http://{}/api/v1", self.server)).unwrap();
        let key = ApiKey::new("avk_shared").unwrap();
        let limits = RedisLimits::builder(&base_url, &key)
            .url(&self.redis)
            .limit(RateLimit::per_minute(self.per_minute).burst(self.burst))
            .timeout(Duration::from_millis(self.timeout))
            .connect()
            .await
            .unwrap();
        let share = RateLimit::per_minute(self.share).burst(1);
        // In a layer per attempt, which is below the limiter.
        let (started, epoch) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        let stamp = MapRequestLayer::new(move |mut request: Request<Body>| {
            let micros = u64::try_from((epoch + started.elapsed()).as_micros()).unwrap();
            request.headers_mut().insert(GRANTED_AT, HeaderValue::from(micros));
            request
        });
        let transport = TransportBuilder::new()
            .base_url(base_url)
            // The key is sent only over TLS, which the server does not have.
            .without_credentials()
            .rate_limiter(RateLimiter::shared(limits.clone(), share))
            .timeout(Duration::MAX)
            .layer_per_attempt(stamp)
            .build()
            .unwrap();
        let time = Duration::from_secs(self.seconds);
        let mut callers = JoinSet::new();
        for _ in 0..4 {
            let transport = transport.clone();
            callers.spawn(async move {
                while started.elapsed() < time {
                    let request = Request::get("/x/").body(Body::empty()).unwrap();
                    transport.clone().oneshot(request).await.expect("no call is lost");
                }
            });
        }
        callers.join_all().await;
        limits.close().await;
        // The server counts a call when it arrives, before its response.
        sleep(Duration::from_millis(10)).await;
    }
}
