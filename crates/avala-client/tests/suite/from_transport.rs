//! Clients on a transport or a fake: rate limit, base URL, and the checks that need it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_client::{Avala, Method};
use avala_transport::testing::{ByteServer, Script, ScriptedService, Step};
use avala_transport::{BaseUrl, Priority, RateLimit, TransportBuilder};
use futures_util::future::join;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::{bare, json, layered, targets};

#[tokio::test]
async fn client_of_a_service_reports_the_rate_limit() {
    let step = |status: u16, remaining: &str| {
        let step = Step::respond(status).header("x-ratelimit-limit", "100").header("x-ratelimit-remaining", remaining);
        step.body(r#"{"uid":"t1"}"#)
    };
    let script = ScriptedService::new().then(step(200, "7")).then(step(404, "6")).then(Step::respond(404));
    let transport = TransportBuilder::new().service(script.clone()).build().unwrap();
    let avala = Avala::from_service(transport);
    assert_eq!(avala.rate_limit(), None);
    let strict = avala.strict_decoding(true);
    for remaining in [7, 6, 6] {
        let _ = strict.tasks().get("t1").await;
        assert_eq!(avala.rate_limit().unwrap().remaining, Some(remaining), "shared by clones");
    }
}

#[tokio::test]
async fn client_of_a_fake_reports_the_rate_limit() {
    let script = ScriptedService::always(Step::respond(404).header("x-ratelimit-remaining", "9"));
    let avala = bare(&script);
    assert_eq!(avala.rate_limit(), None);
    let _ = avala.clone().tasks().get("t1").await;
    assert_eq!(avala.rate_limit().unwrap().remaining, Some(9));
}

#[tokio::test]
async fn base_url_is_public_where_it_is_known() {
    let script = ScriptedService::always(Step::respond(404));
    assert_eq!(layered(&script).base_url().unwrap().to_string(), "https://api.avala.ai/api/v1");
    let builder = Avala::builder().api_key("avk_test").base_url("https://eu.avala.example").service(script.clone());
    assert_eq!(builder.build().unwrap().base_url().unwrap().host(), "eu.avala.example");
    let fake = bare(&script);
    let _ = fake.tasks().get("t1").await;
    assert!(fake.base_url().is_none());

    let base_url = BaseUrl::parse("https://eu.avala.example/v2").unwrap();
    let transport = TransportBuilder::new().base_url(base_url.clone()).service(script).build().unwrap();
    let avala = Avala::from_service(transport.clone());
    assert_eq!(avala.base_url(), Some(&base_url), "known before the first response");
    let request = avala.tasks().get("t1").to_http().unwrap();
    assert_eq!(request.uri(), "https://eu.avala.example/v2/tasks/t1/");
    let other = BaseUrl::parse("https://other.example").unwrap();
    assert_eq!(avala.with_base_url(other).base_url(), Some(&base_url), "that of the transport counts");

    let wrapped = tower::util::MapRequest::new(transport.clone(), |request| request);
    assert_eq!(Avala::from_service(wrapped).base_url(), Some(&base_url), "also below a layer");

    // Hidden from clones of the service, so that the client cannot find it.
    let hidden = Arc::new(Mutex::new(transport));
    let service = tower::service_fn(move |request| hidden.lock().unwrap().clone().oneshot(request));
    let avala = Avala::from_service(service);
    let strict = avala.strict_decoding(true);
    assert!(avala.base_url().is_none());
    let _ = strict.tasks().get("t1").await;
    assert_eq!(avala.base_url(), Some(&base_url), "learned by a clone");
}

#[tokio::test]
async fn base_url_of_a_service_can_be_set() {
    let script = ScriptedService::always(Step::respond(200).body(r#"{"uid":"t1"}"#));
    let base_url = BaseUrl::parse("https://eu.avala.example/v2").unwrap();
    let avala = bare(&script).with_base_url(base_url.clone());
    assert_eq!(avala.strict_decoding(true).base_url(), Some(&base_url));
    assert_eq!(avala.tasks().get("t1").to_http().unwrap().uri(), "https://eu.avala.example/v2/tasks/t1/");
    avala.tasks().get("t1").await.unwrap();
    assert_eq!(targets(&script), ["/tasks/t1/"], "requests stay relative");
}

#[tokio::test(start_paused = true)]
async fn timeout_of_a_transport_is_that_of_its_client() {
    let script = ScriptedService::always(Step::hang());
    let transport = TransportBuilder::new().timeout(Duration::from_secs(7)).service(script).build().unwrap();
    let started = Instant::now();
    let error = Avala::from_service(transport).tasks().get("t1").await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(started.elapsed().as_secs(), 7);
}

#[tokio::test]
async fn tenants_share_one_pool_of_connections() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"uid\":\"t1\"}";
    let script = (0..4).fold(Script::new(), |script, _| script.request().send(ok));
    let server = ByteServer::start([script]).await.unwrap();
    let base_url = BaseUrl::parse_insecure_loopback(&server.url()).unwrap();
    let pool = TransportBuilder::new().base_url(base_url.clone()).build_pool().unwrap();
    let tenant = |key: &str| {
        let builder = Avala::builder().api_key(key).base_url(server.url()).allow_insecure_base_url(true);
        builder.rate_limit(RateLimit::per_minute(600)).connection_pool(pool.clone()).build().unwrap()
    };
    let (acme, globex) = (tenant("avk_acme"), tenant("avk_globex"));
    for avala in [&acme, &globex, &acme, &globex] {
        avala.tasks().get("t1").await.unwrap();
    }
    let requests = server.requests();
    let has_key = |index: usize, key: &str| String::from_utf8_lossy(&requests[index]).contains(key);
    assert!(has_key(0, "avk_acme") && has_key(1, "avk_globex") && has_key(2, "avk_acme") && !has_key(3, "avk_acme"));
    assert_eq!(server.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn limit_of_one_tenant_does_not_delay_another() {
    let script = ScriptedService::always(json(&serde_json::json!({"uid": "t1"})));
    let tenant = |key: &str| {
        let builder = Avala::builder().api_key(key).service(script.clone());
        builder.rate_limit(RateLimit::per_minute(60).burst(1)).build().unwrap()
    };
    let (acme, globex) = (tenant("avk_acme"), tenant("avk_globex"));
    acme.tasks().get("t1").await.unwrap();
    let started = Instant::now();
    globex.tasks().get("t1").await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    acme.tasks().get("t1").await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn health_check_goes_ahead_within_the_limit() {
    let script = ScriptedService::always(json(&serde_json::json!({"uid": "t1"})));
    let builder = Avala::builder().api_key("avk_test").service(script.clone());
    let avala = builder.rate_limit(RateLimit::per_minute(60).burst(1)).build().unwrap();
    let ordinary = async {
        let calls = (0..5).map(|number| avala.tasks().get(format!("t{number}")).into_future());
        let calls: Vec<_> = calls.collect();
        for result in futures_util::future::join_all(calls).await {
            // The response has another UID than most of the calls.
            let _ = result;
        }
    };
    let check = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let _ = avala.request(Method::GET, "/health/").priority(Priority::High).await.unwrap();
    };
    join(ordinary, check).await;
    assert_eq!(targets(&script)[1], "/api/v1/health/");
    let times: Vec<_> = script.requests().iter().map(|request| request.at).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(999)), "{times:?}");
}
