//! Lists collected as a whole.

use std::time::Duration;

use avala_client::{Avala, ErrorKind};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, RateLimit, RateLimiter, TransportError};
use avala_types::Dataset;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{bare, json};

fn dataset(number: u64) -> serde_json::Value {
    json!({"uid": format!("d{number}"), "name": "n", "slug": "s"})
}

/// Creates a server with `count` datasets in numbered pages of two, each of which takes a second. It reports a count of
/// `claimed`.
fn numbered(count: u64, claimed: u64) -> impl Fn(http::Request<Body>) -> NumberedFuture + Clone + Send + Sync {
    move |request| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        Box::pin(async move {
            sleep(Duration::from_secs(1)).await;
            let page =
                query.split('&').find_map(|pair| pair.strip_prefix("page=")).map_or(1, |page| page.parse().unwrap());
            let start = 2 * (page - 1);
            let mut response = http::Response::new(Body::empty());
            if start >= count {
                *response.status_mut() = http::StatusCode::NOT_FOUND;
                return Ok(response);
            }
            let results: Vec<_> = (start..count.min(start + 2)).map(dataset).collect();
            let more = start + 2 < claimed.max(count);
            let next = more.then(|| format!("https://x/datasets/acme/list/?page={}&ordering=name", page + 1));
            let body = json!({"count": claimed, "results": results, "next": next, "previous": null});
            *response.body_mut() = Body::from(body.to_string());
            Ok(response)
        })
    }
}

type NumberedFuture =
    std::pin::Pin<Box<dyn Future<Output = Result<http::Response<Body>, TransportError>> + Send + 'static>>;

fn uids(datasets: &[Dataset]) -> Vec<String> {
    datasets.iter().map(|dataset| dataset.uid.to_string()).collect()
}

fn expected(count: u64) -> Vec<String> {
    (0..count).map(|number| format!("d{number}")).collect()
}

#[tokio::test]
async fn try_collect_has_all_items_or_the_first_error() {
    let page =
        |uid: &str, next: Option<&str>| json(&json!({"results": [{"uid": uid}], "next": next, "previous": null}));
    let script = ScriptedService::new().then(page("t1", Some("/tasks/?cursor=b"))).then(page("t2", None));
    let tasks: Vec<_> = bare(&script).tasks().list().try_collect().await.unwrap();
    assert_eq!(tasks.len(), 2);
    let script = ScriptedService::new().then(page("t1", Some("/tasks/?cursor=b"))).then(Step::respond(500));
    let error = bare(&script).tasks().list().try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
}

#[tokio::test(start_paused = true)]
async fn count_is_that_of_the_server() {
    let avala = Avala::from_service(tower::service_fn(numbered(7, 7)));
    assert_eq!(avala.datasets().list_by_owner("acme").count().await.unwrap(), Some(7));
    let script = ScriptedService::always(json(&json!({"results": [], "next": null, "previous": null})));
    assert_eq!(bare(&script).tasks().list().count().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn numbered_pages_are_collected_in_parallel_and_in_order() {
    // The pages, and the number of calls at once: the first one is always alone.
    for (count, at_once, seconds) in [(21, 5, 3), (21, 1, 11), (21, 100, 2), (21, 0, 11), (2, 4, 1), (1, 4, 1)] {
        let avala = Avala::from_service(tower::service_fn(numbered(count, count)));
        let started = Instant::now();
        let all: Vec<_> = avala.datasets().list_by_owner("acme").try_collect_parallel(at_once).await.unwrap();
        assert_eq!(uids(&all), expected(count));
        assert_eq!(started.elapsed(), Duration::from_secs(seconds), "{count} items, {at_once} pages at once");
    }
}

#[tokio::test(start_paused = true)]
async fn parallel_pages_follow_a_list_that_changes() {
    for (count, claimed) in [(9, 6), (6, 20), (6, u64::MAX), (1, u64::MAX)] {
        let avala = Avala::from_service(tower::service_fn(numbered(count, claimed)));
        let all: Vec<_> = avala.datasets().list_by_owner("acme").try_collect_parallel(2).await.unwrap();
        assert_eq!(uids(&all), expected(count), "{claimed} were reported");
    }
}

#[tokio::test(start_paused = true)]
async fn parallel_pages_stay_within_the_rate_limit() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let builder = Avala::builder().api_key("avk_test").service(tower::service_fn(numbered(12, 12)));
    let avala = builder.rate_limiter(limiter).build().unwrap();
    let started = Instant::now();
    let all: Vec<_> = avala.datasets().list_by_owner("acme").try_collect_parallel(6).await.unwrap();
    assert_eq!(all.len(), 12);
    assert!(started.elapsed() >= Duration::from_secs(5), "six calls, one a second: {:?}", started.elapsed());
}

#[tokio::test]
async fn list_without_numbers_is_collected_page_after_page() {
    let page =
        |uid: &str, next: Option<&str>| json(&json!({"results": [{"uid": uid}], "next": next, "previous": null}));
    let script = ScriptedService::new()
        .then(page("t1", Some("/tasks/?cursor=b&status=pending")))
        .then(page("t2", Some("/tasks/?cursor=c&status=pending")))
        .then(page("t3", None));
    let tasks: Vec<_> = bare(&script).tasks().list().status("pending").try_collect_parallel(8).await.unwrap();
    assert_eq!(tasks.len(), 3);
    assert_eq!(crate::targets(&script)[1], "/tasks/?cursor=b&status=pending");
}

#[tokio::test]
async fn parallel_pages_end_at_a_page_without_a_link() {
    let page = |uid: &str, next: Option<&str>| {
        let dataset = json!({"uid": uid, "name": "n", "slug": "s"});
        json(&json!({"count": 1_000_000_u64, "results": [dataset], "next": next, "previous": null}))
    };
    let script = ScriptedService::new().then(page("d0", Some("/datasets/acme/list/?page=2")));
    let script = (0..4).fold(script, |script, _| script.then(page("d1", None)));
    let all: Vec<_> = bare(&script).datasets().list_by_owner("acme").try_collect_parallel(4).await.unwrap();
    assert_eq!((uids(&all), script.requests().len()), (expected(2), 5));
}

#[tokio::test]
async fn server_that_repeats_a_page_ends_the_collection() {
    for (first, then, requests) in [(2, 2, 9), (1, 1, 9), (2, 1, 9)] {
        let page = |next: u64| {
            let next = format!("/datasets/acme/list/?page={next}");
            json(&json!({"count": u64::MAX, "results": [dataset(0)], "next": next, "previous": null}))
        };
        // A script that ends, so that a collection without an end fails the test.
        let script = (0..20).fold(ScriptedService::new().then(page(first)), |script, _| script.then(page(then)));
        let all = bare(&script).datasets().list_by_owner("acme").try_collect_parallel::<Vec<_>>(4).await;
        let error = all.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Pagination, "{error}");
        assert!(script.requests().len() <= requests, "{} requests", script.requests().len());
    }
}

#[tokio::test]
async fn count_may_be_missing_null_or_wrong() {
    for (body, expected) in [
        (json!({"count": 0, "results": [], "next": null}), Some(0)),
        (json!({"count": null, "results": [], "next": null}), None),
        (json!({"results": [], "next": null}), None),
        (json!([]), None),
    ] {
        let script = ScriptedService::always(json(&body));
        assert_eq!(bare(&script).datasets().list_by_owner("acme").count().await.unwrap(), expected, "{body}");
    }
    // A list without a count, or with a count that is too low, is collected completely.
    for count in [json!(null), json!(0), json!(1)] {
        let page = |uid: u64, next: Option<&str>| {
            json(&json!({"count": count, "results": [dataset(uid)], "next": next, "previous": null}))
        };
        let script = ScriptedService::new().then(page(0, Some("/datasets/acme/list/?page=2"))).then(page(1, None));
        let all: Vec<_> = bare(&script).datasets().list_by_owner("acme").try_collect_parallel(4).await.unwrap();
        assert_eq!(uids(&all), expected(2), "{count}");
    }
}

#[tokio::test]
async fn parallel_pages_keep_the_options_of_the_list() {
    let page = |uid: &str, next: Option<&str>| {
        let dataset = json!({"uid": uid, "name": "n", "slug": "s"});
        json(&json!({"count": 3, "results": [dataset], "next": next, "previous": null}))
    };
    let script = ScriptedService::new().then(page("d0", Some("/datasets/acme/list/?page=2&ordering=name")));
    let script = script.then(page("d1", Some("/datasets/acme/list/?page=3&ordering=name"))).then(page("d2", None));
    let list = bare(&script).datasets().list_by_owner("acme").ordering("name").header("traceparent", "t1");
    let all: Vec<_> = list.try_collect_parallel(4).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(script.requests().iter().all(|request| request.headers["traceparent"] == "t1"));
    assert_eq!(crate::targets(&script)[2], "/datasets/acme/list/?page=3&ordering=name");
}
