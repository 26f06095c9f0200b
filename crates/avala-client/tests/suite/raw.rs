//! Raw calls of endpoints that the client does not know.

use std::time::Duration;

use avala_client::{Avala, ErrorKind, Method, Sent};
use avala_transport::testing::{ByteServer, Script, ScriptedService, Step};
use avala_transport::{Body, RateLimit, RateLimiter};
use serde_json::json;
use tokio::time::Instant;

use crate::{bare, json, layered, targets};

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Thing {
    uid: String,
}

#[tokio::test]
async fn raw_call_sends_key_query_and_json_on_the_wire() {
    let response = "HTTP/1.1 201 Created\r\nx-request-id: r1\r\ncontent-length: 12\r\n\r\n{\"uid\":\"t1\"}";
    let server = ByteServer::always(Script::new().request().send(response)).await.unwrap();
    let avala = Avala::builder().api_key("avk_raw").base_url(server.url()).allow_insecure_base_url(true);
    let avala = avala.build().unwrap();
    let call = avala.request(Method::POST, "/beta/things/").query("dry run", "a&b").query("tag", "x").query("tag", "y");
    let response = call.json(&json!({"name": "n"})).with_meta().await.unwrap();
    assert_eq!(response.value.get(), r#"{"uid":"t1"}"#);
    assert_eq!((response.meta.request_id.as_deref(), response.meta.attempts), (Some("r1"), 1));
    let request = String::from_utf8(server.requests()[0].to_vec()).unwrap();
    let target = "/api/v1/beta/things/?dry%20run=a%26b&tag=x&tag=y";
    assert!(request.starts_with(&format!("POST {target} HTTP/1.1\r\n")), "{request}");
    for part in ["x-avala-api-key: avk_raw\r\n", "content-type: application/json\r\n", r#"{"name":"n"}"#] {
        assert!(request.contains(part), "{request}");
    }
}

#[tokio::test]
async fn raw_path_segments_cannot_leave_their_place() {
    let script = ScriptedService::always(json(&json!({"uid": "t1"})));
    let avala = layered(&script);
    let things = || avala.request(Method::GET, "/beta/things/");
    let thing: Thing = things().path(["a/b?c#d"]).decode_as().await.unwrap();
    assert_eq!(thing.uid, "t1");
    things().path(["../..\\admin;x\r\n"]).await.unwrap();
    avala.request(Method::GET, "/").path(["beta", "things", "%2e%2e"]).await.unwrap();
    avala.request(Method::GET, "/beta/things").path([String::from("u1"), String::from("parts")]).await.unwrap();
    // Legal in a path that the program writes out.
    avala.request(Method::GET, "/beta/a;v=1,2/%C3%A9/a%2Fb/@me/").await.unwrap();
    let expected = [
        "/beta/things/a%2Fb%3Fc%23d/",
        "/beta/things/..%2F..%5Cadmin%3Bx%0D%0A/",
        "/beta/things/%252e%252e/",
        "/beta/things/u1/parts",
        "/beta/a;v=1,2/%C3%A9/a%2Fb/@me/",
    ];
    assert_eq!(targets(&script), expected.map(|path| format!("/api/v1{path}")));
    for segment in ["", ".", ".."] {
        let error = things().path(["u1", segment]).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No), "{segment:?}");
        assert!(error.message().contains(&format!("{segment:?}")), "{error}");
    }
    assert_eq!(script.requests().len(), 5);
}

#[tokio::test]
async fn unsafe_raw_paths_are_refused_with_a_reason() {
    let script = ScriptedService::always(json(&json!({})));
    for (path, reason) in [
        ("/beta/../things/", "`..`"),
        ("/..", "`..`"),
        ("/beta/%2e%2E/things/", "`..`"),
        ("/beta/.%2e/things/", "`..`"),
        ("/./beta/", "`..`"),
        ("/beta/..%2fthings/", "`..`"),
        ("/beta/x%2F%2e%2e/", "`..`"),
        ("/beta/..%5cthings/", "`..`"),
        ("/beta/..;a=b/things/", "`..`"),
        ("/beta/%2E%2E%3Bx/", "`..`"),
        ("/beta/;/../", "`..`"),
        ("/beta/x/.", "`..`"),
        ("/beta/?limit=1", "query"),
        ("/beta/#top", "fragment"),
        ("https://example.com/beta/", "absolute URI"),
        ("HTTP://user:hunter2@example.com", "absolute URI"),
        ("mailto:a@b", "absolute URI"),
        ("//example.com/beta/", "another host"),
        ("/beta//things/", "empty segment"),
        ("/beta//", "empty segment"),
        ("///", "another host"),
        ("/\\/example.com/", "percent-encoding"),
        ("/beta\\..\\things/", "percent-encoding"),
        ("/beta/\u{7f}/", "percent-encoding"),
        ("/beta/\t/", "percent-encoding"),
        ("/beta/\u{1F916}/", "percent-encoding"),
        ("/beta/{uid}/", "percent-encoding"),
        ("/beta/a|b/", "percent-encoding"),
        (" /beta/", "start with"),
        ("file:///etc/passwd", "absolute URI"),
        ("*", "start with"),
        ("beta/things/", "start with"),
        ("", "start with"),
        ("@example.com/", "start with"),
        ("/\\example.com/", "percent-encoding"),
        ("/beta things/", "percent-encoding"),
        ("/beta/\r\nx: y", "percent-encoding"),
        ("/größe/", "percent-encoding"),
        ("/beta/%zz/", "hexadecimal"),
        ("/beta/%2", "hexadecimal"),
    ] {
        for avala in [bare(&script), layered(&script)] {
            let error = avala.request(Method::GET, path).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No), "{path}");
            assert!(error.message().contains(reason), "{path}: {error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
            // Later settings do not make it valid.
            let call = avala.request(Method::GET, path).path(["x"]).query("a", "b").json(&1).header("x-a", "b");
            assert!(call.to_http().is_err(), "{path}");
        }
    }
    let error = layered(&script).request(Method::CONNECT, "/beta/").await.unwrap_err();
    assert!(error.kind() == ErrorKind::Request && error.message().contains("CONNECT"), "{error}");
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn raw_list_follows_pages_and_checks_their_links() {
    let page = |uid: &str, next: &str| json(&json!({"results": [{"uid": uid}], "next": next, "previous": null}));
    let script = ScriptedService::new()
        .then(page("t1", "https://api.avala.ai/api/v1/beta/things/?cursor=b"))
        .then(page("t2", "https://api.avala.ai/api/v1/beta/other/?cursor=c"));
    let list = layered(&script).request(Method::GET, "/beta/things/").query("state", "new").list::<Thing>();
    let mut items = list.limit(1).items();
    assert_eq!(items.next().await.unwrap().unwrap(), Thing { uid: "t1".into() });
    assert_eq!(items.next().await.unwrap().unwrap(), Thing { uid: "t2".into() });
    assert_eq!(items.next().await.unwrap().unwrap_err().kind(), ErrorKind::Pagination);
    assert_eq!(targets(&script), ["/api/v1/beta/things/?state=new&limit=1", "/api/v1/beta/things/?cursor=b"]);
    let script = ScriptedService::always(json(&json!([{"uid": "t1"}])));
    let page = layered(&script).request(Method::GET, "/beta/things/").list::<Thing>().with_meta().await.unwrap();
    assert_eq!((page.value.items.len(), page.meta.attempts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn raw_call_has_the_retries_and_limits_of_the_client() {
    let script = ScriptedService::always(json(&json!({}))).then(Step::respond(502)).then(Step::respond(502));
    let response = layered(&script).request(Method::GET, "/beta/things/").with_meta().await.unwrap();
    assert_eq!(response.meta.attempts, 3);
    let script = ScriptedService::always(Step::respond(502));
    let error = layered(&script).request(Method::POST, "/beta/things/").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1), "a POST is not repeated");

    let script = ScriptedService::always(json(&json!({})));
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let builder = Avala::builder().api_key("avk_test").service(script.clone()).rate_limiter(limiter);
    let avala = builder.build().unwrap();
    let started = Instant::now();
    for _ in 0..3 {
        avala.request(Method::GET, "/beta/things/").await.unwrap();
    }
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn raw_errors_name_the_literal_path_but_no_data() {
    let script = ScriptedService::always(Step::respond(404).body(r#"{"detail":"Not found."}"#));
    let avala = layered(&script);
    let literal = avala.request(Method::GET, "/beta/things/").path(["secret-uid"]).await.unwrap_err();
    assert_eq!(
        (literal.kind(), literal.operation(), literal.route()),
        (ErrorKind::NotFound, Some("request"), Some("/beta/things/"))
    );
    let data = avala.request(Method::GET, String::from("/beta/secret-uid/")).await.unwrap_err();
    let segments = avala.request(Method::GET, "/").path(["beta", "secret-uid"]).await.unwrap_err();
    assert_eq!((data.route(), segments.route()), (Some("/{path}"), Some("/{path}")));
    for error in [literal, data, segments] {
        assert!(!error.to_string().contains("secret-uid"), "{error}");
    }
    let named = avala.request(Method::GET, "/beta/").path(["u1"]).route("/beta/{uid}/").await.unwrap_err();
    assert_eq!(named.route(), Some("/beta/{uid}/"));
}

#[tokio::test]
async fn empty_raw_response_is_null() {
    let script = ScriptedService::always(Step::respond(204));
    let avala = layered(&script);
    assert_eq!(avala.request(Method::DELETE, "/beta/things/").path(["t1"]).await.unwrap().get(), "null");
    let call = avala.request(Method::DELETE, "/beta/things/").path(["t1"]);
    assert_eq!(call.decode_as::<Option<Thing>>().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn body_of_any_kind_is_sent_with_its_type() {
    let script = ScriptedService::new().then(Step::respond(503)).then(Step::respond(204)).then(Step::respond(204));
    let avala = layered(&script);
    let put = avala.request(Method::PUT, "/beta/files/").path(["a b"]).body("text/csv", "x,y");
    let preview = put.to_http().unwrap();
    assert_eq!((&preview.body()[..], &preview.headers()["content-type"]), (&b"x,y"[..], &"text/csv".parse().unwrap()));
    put.await.unwrap();
    let requests = script.requests();
    assert!(requests.iter().all(|request| request.body == "x,y" && request.headers["content-type"] == "text/csv"));
    assert_eq!((requests.len(), requests[0].uri.path()), (2, "/api/v1/beta/files/a%20b/"));

    let invalid = avala.request(Method::PUT, "/beta/files/").body("text/csv\r\nx: y", "").await.unwrap_err();
    assert_eq!((invalid.kind(), invalid.sent()), (ErrorKind::Request, Sent::No));
}

#[tokio::test]
async fn body_that_is_read_once_is_sent_once() {
    let script = ScriptedService::always(Step::respond(503));
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"123"))]);
    let call = layered(&script).request(Method::PUT, "/beta/files/").body("text/csv", Body::stream(3, chunks));
    assert!(call.to_http().unwrap().body().is_empty());
    let error = call.clone().await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 1));
    assert_eq!(script.requests()[0].body, "123");
    let error = call.await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), script.requests().len()), (ErrorKind::Request, Sent::No, 1));
    assert!(error.to_string().contains("create the call again"), "{error}");
}
