//! Bodies in memory, and the cap on them.

use avala_transport::layer::CollectLayer;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, CutBody, MAX_ERROR_BODY, Sent, TransportErrorKind as Kind};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, service_fn};

use crate::support::{get, request, send, text, with_options};

fn collecting(
    max_bytes: usize,
    step: Step,
) -> impl tower::Service<Request<Body>, Response = Response<Body>, Error = avala_transport::TransportError, Future: Send>
+ Clone {
    CollectLayer::new(max_bytes).layer(ScriptedService::always(step))
}

#[tokio::test]
async fn body_in_pieces_becomes_one() {
    let service = collecting(100, Step::respond(200).header("x-kept", "1").pieces(["one", "", " two", " three"]));
    let response = send(&service, get("/x/")).await.unwrap();
    assert_eq!(text(&response), "one two three");
    assert!(response.body().is_replayable());
    assert_eq!(response.headers()["x-kept"], "1");
}

#[tokio::test]
async fn body_of_one_piece_is_not_copied() {
    let original = Bytes::from(vec![b'x'; 5_000]);
    let given = original.clone();
    let service = service_fn(move |_request: Request<Body>| {
        let body = Body::once(Full::new(given.clone()));
        async move { Ok(Response::new(body)) }
    });
    let response = send(&CollectLayer::new(5_000).layer(service), get("/x/")).await.unwrap();
    let collected = response.body().as_bytes().unwrap();
    assert_eq!(collected.as_ptr(), original.as_ptr());
    assert_eq!(collected.len(), 5_000);
}

#[tokio::test]
async fn body_cap_is_exact_to_the_byte() {
    let table = [
        (Step::respond(200).pieces(["12345", "67890"]), true),
        (Step::respond(200).pieces(["12345", "67890", "1"]), false),
        (Step::respond(200).pieces(["12345678901"]), false),
        (Step::respond(200).body("1234567890"), true),
        (Step::respond(200).body("12345678901"), false),
        // The end never arrives, and is not needed.
        (Step::respond(200).pieces(["123456", "123456"]).cut(), false),
    ];
    for (step, fits) in table {
        match send(&collecting(10, step.clone()), get("/x/")).await {
            Ok(response) => assert!(fits && text(&response).len() == 10, "{step:?}"),
            Err(error) => {
                assert!(!fits, "{step:?}: {error}");
                assert_eq!((error.kind(), error.limit_bytes()), (Kind::BodyTooLarge, Some(10)));
                assert_eq!((error.status().map(|status| status.as_u16()), error.sent()), (Some(200), Sent::Yes));
                assert!(error.to_string().contains("10 bytes"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn cut_body_is_a_lost_connection() {
    let error = send(&collecting(100, Step::respond(201).pieces(["half"]).cut()), get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::ConnectionLost, Sent::Yes));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(201));
}

#[tokio::test]
async fn empty_body_is_collected() {
    for (method, status) in [(Method::HEAD, 200), (Method::DELETE, 204), (Method::GET, 304)] {
        let service = collecting(0, Step::respond(status).header("content-length", "1000"));
        let response = send(&service, request(method.clone(), "/x/")).await.unwrap();
        assert_eq!((response.status().as_u16(), text(&response)), (status, ""), "{method}");
    }
}

#[tokio::test]
async fn streamed_body_is_not_collected() {
    let service = collecting(3, Step::respond(200).pieces(["more", "than", "three"]));
    let request = with_options(get("/x/"), |options| options.streaming = true);
    let mut body = send(&service, request).await.unwrap().into_body();
    for expected in ["more", "than", "three"] {
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), expected);
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn body_is_read_to_bytes_up_to_a_limit() {
    let body = Body::replay(|| Body::from("12345"));
    assert_eq!(body.try_clone().unwrap().read_to_bytes(5).await.unwrap(), "12345");
    assert_eq!(body.read_to_bytes(4).await.unwrap_err().kind(), Kind::BodyTooLarge);
    assert_eq!(Body::empty().read_to_bytes(0).await.unwrap(), "");
}

#[tokio::test]
async fn error_body_is_cut_after_its_first_64_kib() {
    let start = "x".repeat(MAX_ERROR_BODY);
    for status in [400, 404, 500, 503, 304] {
        // The end never arrives, and is not awaited.
        let long = Step::respond(status).pieces([start.clone(), "y".repeat(1_000_000)]).cut();
        let response = send(&collecting(64 << 20, long), get("/x/")).await.unwrap();
        assert_eq!((text(&response), response.extensions().get()), (&*start, Some(&CutBody)), "{status}");
        let exact = Step::respond(status).pieces([start.clone()]);
        let response = send(&collecting(64 << 20, exact), get("/x/")).await.unwrap();
        assert_eq!((text(&response), response.extensions().get::<CutBody>()), (&*start, None), "{status}");
    }
    let small_cap = send(&collecting(3, Step::respond(500).body("12345")), get("/x/")).await.unwrap();
    assert_eq!((text(&small_cap), small_cap.extensions().get()), ("123", Some(&CutBody)));
}
