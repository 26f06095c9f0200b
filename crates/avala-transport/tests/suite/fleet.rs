//! Many clients with one key and no shared state, against a server with fixed windows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use avala_transport::{Body, RateLimit, RateLimiter, Transport, TransportError};
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::support::{get, limited, millis, secs, send};

const LIMIT: u64 = 600;

/// Requests at the server: the time, and whether it responded 429.
type Seen = Arc<Mutex<Vec<(Duration, bool)>>>;

/// Clock of the server at the start, in seconds since 1970, and whether its responses have a `Date`.
type Clock = (u64, bool);

const CLOCK: Clock = (1_764_000_000, true);

/// Counts calls in fixed windows of a minute.
fn server(
    started: Instant,
    seen: Seen,
    (epoch, has_date): Clock,
) -> impl tower::Service<Request<Body>, Response = Response<Body>, Error = TransportError, Future: Send> + Clone + Send + Sync
{
    service_fn(move |_: Request<Body>| {
        let mut seen = seen.lock().unwrap();
        let now = started.elapsed();
        let minute = |now: Duration| (epoch + now.as_secs()) / 60;
        let window = minute(now);
        let in_window = seen.iter().rev().take_while(|(at, _)| minute(*at) == window);
        let used = in_window.filter(|(_, refused)| !refused).count() as u64;
        let refused = used >= LIMIT;
        seen.push((now, refused));
        let remaining = LIMIT.saturating_sub(used + 1);
        let mut response = Response::builder()
            .status(if refused { 429 } else { 200 })
            .header("x-ratelimit-limit", LIMIT)
            .header("x-ratelimit-remaining", remaining)
            .header("x-ratelimit-reset", (window + 1) * 60);
        if has_date {
            response = response.header("date", httpdate::fmt_http_date(UNIX_EPOCH + secs(epoch) + now));
        }
        if refused {
            response = response.header("retry-after", 60 - (epoch + now.as_secs()) % 60);
        }
        let response = response.body(Body::empty()).unwrap();
        async move { Ok(response) }
    })
}

/// Runs 50 clients that start together for half an hour, and checks the last ten minutes.
async fn check_fleet(clock: Clock) {
    fastrand::seed(7);
    let (started, seen) = (Instant::now(), Seen::default());
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        let limiter = RateLimiter::fleet(RateLimit::per_minute(600), None);
        let stack: Transport = limited(&limiter, server(started, seen.clone(), clock));
        clients.spawn(async move {
            while started.elapsed() < secs(30 * 60) {
                send(&stack, get("/x/")).await.unwrap();
            }
            limiter.fleet_share().unwrap()
        });
    }
    let shares = clients.join_all().await;
    let seen = seen.lock().unwrap();
    let late: Vec<bool> = seen.iter().filter(|(at, _)| *at >= secs(20 * 60)).map(|(_, refused)| *refused).collect();
    let refused = late.iter().filter(|refused| **refused).count();
    let used = (late.len() - refused) as f64 / (10 * LIMIT) as f64;
    assert!(used >= 0.88, "{used} of the limit used");
    assert!(refused * 200 <= late.len(), "{refused} of {} refused", late.len());
    let mean = shares.iter().sum::<f64>() / 50.0;
    assert!((8.0..14.0).contains(&mean), "a fiftieth of nine tenths of 600: {mean}");
}

#[tokio::test(start_paused = true)]
async fn fleet_uses_the_limit_with_few_refusals() {
    check_fleet(CLOCK).await;
}

/// The local clock stands still here, and is off besides.
#[tokio::test(start_paused = true)]
async fn fleet_without_date_finds_the_clock_of_the_server() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for epoch in [now - 7, now + 2, now + 25] {
        check_fleet((epoch, false)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn fleet_returns_spread_after_a_common_refusal() {
    fastrand::seed(7);
    let started = Instant::now();
    let times = Arc::new(Mutex::new(Vec::new()));
    let mut clients = JoinSet::new();
    for _ in 0..100 {
        let limiter = RateLimiter::fleet(RateLimit::per_minute(600), Some(5.4));
        let times = times.clone();
        let stack = limited(
            &limiter,
            service_fn(move |_: Request<Body>| {
                let now = started.elapsed();
                times.lock().unwrap().push(now);
                let response = if now < secs(20) {
                    let wait = 50 - now.as_secs();
                    Response::builder().status(429).header("retry-after", wait).header("x-ratelimit-limit", LIMIT)
                } else {
                    Response::builder().status(200)
                };
                let response = response.body(Body::empty()).unwrap();
                async move { Ok::<_, TransportError>(response) }
            }),
        );
        clients.spawn(async move {
            while started.elapsed() < secs(100) {
                send(&stack, get("/x/")).await.unwrap();
            }
        });
    }
    clients.join_all().await;
    let times = times.lock().unwrap();
    let late: Vec<Duration> = times.iter().copied().filter(|at| *at >= secs(20)).collect();
    let early = late.iter().filter(|at| **at < secs(49)).count();
    assert_eq!(early, 0, "no client sends before the end of its `retry-after`");
    for start in (490..600).map(|tenths| millis(tenths * 100)) {
        let wave = late.iter().filter(|at| (start..start + millis(100)).contains(*at)).count();
        assert!(wave <= 5, "{wave} clients within 100 ms at {start:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn missing_and_lying_headers_never_stop_a_fleet() {
    for (limit, remaining, reset) in
        [("0", "0", "0"), ("-5", "many", ""), ("600", "999999", "1"), ("1", "0", "9999999999")]
    {
        let limiter = RateLimiter::fleet(RateLimit::per_minute(600), None);
        let service = service_fn(move |_: Request<Body>| async move {
            let response = Response::builder()
                .header("x-ratelimit-limit", limit)
                .header("x-ratelimit-remaining", remaining)
                .header("x-ratelimit-reset", reset);
            Ok::<_, TransportError>(response.body(Body::empty()).unwrap())
        });
        let stack = limited(&limiter, service);
        let started = Instant::now();
        for _ in 0..5 {
            send(&stack, get("/x/")).await.unwrap();
        }
        assert!(started.elapsed() < secs(60 * 60), "{limit} {remaining} {reset}: {:?}", started.elapsed());
        sleep(secs(1)).await;
    }
}

#[test]
fn remembered_share_is_returned_and_nonsense_ignored() {
    let limit = RateLimit::per_minute(600);
    let share = RateLimiter::fleet(limit, Some(0.5)).fleet_share().unwrap();
    assert!((share - 0.5).abs() < 1e-9, "{share}");
    for share in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
        assert_eq!(RateLimiter::fleet(limit, Some(share)).fleet_share(), None);
    }
    assert_eq!(RateLimiter::new(limit).fleet_share(), None);
}
