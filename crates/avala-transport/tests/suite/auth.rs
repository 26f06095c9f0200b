//! The key and the address of requests.

use avala_transport::testing::{RecordedRequest, ScriptedService, Step};
use avala_transport::{ApiKey, BaseUrl, Body, Sent, TransportErrorKind as Kind};
use http::Request;

use crate::support::{builder, get, send, with_options};

const KEY: &str = "avk_hunter2";

/// What the service gets for `request`.
async fn sent(request: Request<Body>) -> RecordedRequest {
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().api_key(ApiKey::new(KEY).unwrap()).service(service.clone()).build().unwrap();
    send(&transport, request).await.unwrap();
    service.requests().remove(0)
}

#[tokio::test(start_paused = true)]
async fn every_request_has_the_key_and_nobody_prints_it() {
    let request = sent(get("/datasets/")).await;
    let value = &request.headers["x-avala-api-key"];
    assert_eq!(value, KEY);
    assert!(value.is_sensitive());
    assert!(!format!("{request:?}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_header_is_replaced() {
    let mut request = get("/datasets/");
    request.headers_mut().append("x-avala-api-key", "first".parse().unwrap());
    request.headers_mut().append("x-avala-api-key", "second".parse().unwrap());
    let request = sent(request).await;
    let values: Vec<_> = request.headers.get_all("x-avala-api-key").iter().collect();
    assert_eq!(values, [KEY]);
}

#[tokio::test(start_paused = true)]
async fn an_anonymous_call_has_no_key() {
    let mut request = with_options(get("/signup/"), |options| options.anonymous = true);
    request.headers_mut().insert("x-avala-api-key", "mine".parse().unwrap());
    assert!(!sent(request).await.headers.contains_key("x-avala-api-key"));
}

#[tokio::test(start_paused = true)]
async fn without_a_key_there_is_no_header() {
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().service(service.clone()).build().unwrap();
    send(&transport, get("/datasets/")).await.unwrap();
    assert!(!service.requests()[0].headers.contains_key("x-avala-api-key"));
}

#[tokio::test(start_paused = true)]
async fn the_address_is_the_base_urls() {
    let request = sent(get("/datasets/?limit=5")).await;
    assert_eq!(request.uri, "https://api.avala.ai/api/v1/datasets/?limit=5");
    let agent = request.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("avala-rust/"), "{agent}");

    let same_origin = sent(get("https://api.avala.ai:443/elsewhere/")).await;
    assert_eq!(same_origin.uri, "https://api.avala.ai:443/elsewhere/");
}

#[tokio::test(start_paused = true)]
async fn no_request_goes_to_another_origin() {
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().api_key(ApiKey::new(KEY).unwrap()).service(service.clone()).build().unwrap();
    let foreign = [
        "https://evil.example/datasets/",
        "http://api.avala.ai/datasets/",
        "https://api.avala.ai:8443/datasets/",
        "https://user@api.avala.ai/datasets/",
        "evil.example:443",
        "*",
    ];
    for uri in foreign {
        let error = send(&transport, get(uri)).await.expect_err(uri);
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Request, Sent::No, 1), "{uri}");
    }
    assert!(service.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_user_agent_can_be_chosen() {
    let service = ScriptedService::always(Step::respond(200));
    let url = BaseUrl::parse("https://eu.example/base").unwrap();
    let transport = builder().base_url(url).user_agent("labeller/2").service(service.clone()).build().unwrap();
    send(&transport, get("/x/")).await.unwrap();
    let mut own = get("/x/");
    own.headers_mut().insert("user-agent", "mine".parse().unwrap());
    send(&transport, own).await.unwrap();
    let requests = service.requests();
    assert_eq!(requests[0].uri, "https://eu.example/base/x/");
    assert_eq!(requests[0].headers["user-agent"], "labeller/2");
    assert_eq!(requests[1].headers["user-agent"], "mine");

    let error = builder().user_agent("two\nlines").service(service).build().unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
}
