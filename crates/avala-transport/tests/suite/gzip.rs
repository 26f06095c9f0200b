//! Compressed responses: whole, cut, corrupt, and bombs.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use avala_transport::layer::{CollectLayer, DecompressLayer};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, BoxError, Sent, Transport, TransportError, TransportErrorKind as Kind};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, service_fn};

use crate::support::{builder, get, gzip, millis, post, report, request, send, text, with_options};

/// Returns a text that does not fit into one portion, compressed or not.
fn long_text() -> String {
    let mut random = fastrand::Rng::with_seed(5);
    (0..200_000).map(|_| random.alphanumeric()).collect()
}

/// Returns the two layers over a service, without the rest of the stack. The caps are on decompressed and compressed
/// bytes.
fn decompressing(max_out: usize, max_in: usize, step: Step) -> Transport {
    let layers = ServiceBuilder::new().layer(CollectLayer::new(max_out)).layer(DecompressLayer::new(max_in));
    BoxCloneSyncService::new(layers.service(ScriptedService::always(step.header("content-encoding", "gzip"))))
}

fn roomy(step: Step) -> Transport {
    decompressing(1 << 20, 1 << 20, step)
}

#[tokio::test]
async fn compressed_response_is_decompressed() {
    let whole = long_text();
    let compressed = gzip(&whole);
    let bytewise = compressed.iter().map(|byte| Bytes::copy_from_slice(&[*byte]));
    for pieces in [vec![Bytes::from(compressed.clone())], bytewise.collect()] {
        let step = Step::respond(200).header("content-length", "150000").header("x-kept", "1").pieces(pieces);
        let response = send(&roomy(step), get("/x/")).await.unwrap();
        assert!(text(&response) == whole);
        let names: Vec<_> = response.headers().keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, ["x-kept"], "the others described the compressed body");
    }

    let named = Step::respond(200).body(gzip("by another name"));
    let service = DecompressLayer::new(100);
    let service = tower::Layer::layer(&service, ScriptedService::always(named.header("content-encoding", "X-Gzip")));
    let body = send(&service, get("/x/")).await.unwrap().into_body();
    assert_eq!(body.read_to_bytes(100).await.unwrap(), "by another name");
}

#[tokio::test]
async fn body_of_many_gzip_members_is_decompressed() {
    let members = [gzip("one"), gzip(""), gzip(" two")].concat();
    let bytewise: Vec<_> = members.iter().map(|byte| vec![*byte]).collect();
    for step in [Step::respond(200).body(members.clone()), Step::respond(200).pieces(bytewise)] {
        assert_eq!(text(&send(&roomy(step), get("/x/")).await.unwrap()), "one two");
    }
}

#[tokio::test]
async fn empty_gzip_body_is_not_an_error() {
    let announced = Step::respond(200).header("content-length", "1000");
    let response = send(&roomy(announced), request(Method::HEAD, "/x/")).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip", "nothing was decompressed");
    assert_eq!(response.headers()["content-length"], "1000");

    let response = send(&roomy(Step::respond(200).pieces([""; 2])), get("/x/")).await.unwrap();
    assert_eq!(text(&response), "");
}

#[tokio::test]
async fn cut_gzip_body_is_a_lost_connection() {
    let whole = gzip(&"something to lose ".repeat(10));
    for end in 1..whole.len() {
        let error = send(&roomy(Step::respond(200).body(whole[..end].to_vec())), get("/x/")).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (Kind::ConnectionLost, Sent::Yes), "at {end}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    }
}

#[tokio::test]
async fn flipped_bit_in_a_gzip_body_is_an_error() {
    let whole = "something to lose ".repeat(10);
    let compressed = gzip(&whole);
    // The time, the flags and the system in bytes 4 to 9 of the header are ignored by decoders.
    for place in (0..4).chain(10..compressed.len()) {
        for bit in 0..8 {
            let mut corrupt = compressed.clone();
            corrupt[place] ^= 1 << bit;
            match send(&roomy(Step::respond(200).body(corrupt)), get("/x/")).await {
                Ok(response) => assert_eq!(text(&response), whole, "bit {bit} of byte {place}"),
                Err(error) => assert_eq!(error.kind(), Kind::ConnectionLost, "bit {bit} of byte {place}"),
            }
        }
    }
}

#[tokio::test]
async fn body_ends_as_other_decoders_accept() {
    let (one, two) = (gzip("one"), gzip(" two"));
    let with = |parts: &[&[u8]]| parts.concat();
    let good: [(Vec<u8>, &str); 9] = [
        (with(&[&one, &[0; 512]]), "one"),
        (with(&[&one, b"garbage"]), "one"),
        (with(&[&one, b"\r\n"]), "one"),
        (with(&[&one, &[0x1f, 0x8c, 1, 2]]), "one"),
        (with(&[&one, &[0x8b, 0x1f]]), "one"),
        (with(&[&one, &two, &[0; 3], &two]), "one two"),
        (with(&[&gzip(""), &one]), "one"),
        (gzip(""), ""),
        (Vec::new(), ""),
    ];
    for (body, expected) in good {
        let bytewise: Vec<_> = body.iter().map(|byte| vec![*byte]).collect();
        for step in [Step::respond(200).body(body.clone()), Step::respond(200).pieces(bytewise)] {
            assert_eq!(text(&send(&roomy(step), get("/x/")).await.unwrap()), expected, "{body:?}");
        }
    }
    // A later member that has begun must be complete, and a body that is not empty must have a first one.
    let cut = with(&[&one, &two]);
    let bad = [(one.len() + 1..cut.len()).map(|end| cut[..end].to_vec()).collect(), vec![vec![0; 512], b"{}".to_vec()]];
    for body in bad.concat() {
        let bytewise: Vec<_> = body.iter().map(|byte| vec![*byte]).collect();
        for step in [Step::respond(200).body(body.clone()), Step::respond(200).pieces(bytewise)] {
            let error = send(&roomy(step), get("/x/")).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (Kind::ConnectionLost, Sent::Yes), "{body:?}");
        }
    }
}

#[tokio::test]
async fn ignored_rest_of_a_body_counts_for_the_cap() {
    let body = [gzip("one"), vec![0; 1_000]].concat();
    let error = send(&decompressing(100, 1_000, Step::respond(200).body(body)), get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.limit_bytes()), (Kind::BodyTooLarge, Some(1_000)));
}

/// Returns the maximum number of pieces of an endless body that one poll of a call reads, and the error of the call.
async fn pieces_per_poll(piece: Vec<u8>, encoding: Option<&'static str>) -> (usize, TransportError) {
    let given = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&given);
    let service = service_fn(move |_request: Request<Body>| {
        let body = Endless { piece: piece.clone().into(), given: Arc::clone(&counter) };
        let mut response = Response::new(Body::once(body));
        if let Some(encoding) = encoding {
            response.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        }
        async { Ok::<_, TransportError>(response) }
    });
    let transport = builder().max_body_bytes(usize::MAX).timeout(millis(2_000)).service(service).build().unwrap();
    let mut call = std::pin::pin!(send(&transport, get("/x/")));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut most = 0;
    for _ in 0..20 {
        assert!(call.as_mut().poll(&mut cx).is_pending());
        most = most.max(given.swap(0, Ordering::Relaxed));
    }
    tokio::time::advance(millis(2_001)).await;
    let error = call.await.unwrap_err();
    (most, error)
}

#[tokio::test(start_paused = true)]
async fn endless_empty_gzip_body_ends_at_the_deadline() {
    let nothing = gzip("");
    let cases = [
        (nothing.repeat(1_000), Some("gzip")),
        (nothing, Some("gzip")),
        (Vec::new(), Some("gzip")),
        (Vec::new(), None),
        (b"x".to_vec(), None),
    ];
    for (piece, encoding) in cases {
        let (pieces, error) = pieces_per_poll(piece, encoding).await;
        assert!(pieces <= 64, "{pieces} pieces in one poll");
        assert_eq!(error.kind(), Kind::Timeout);
    }
}

#[tokio::test]
async fn both_caps_are_exact() {
    let whole = "x".repeat(1_000);
    let compressed = gzip(&whole);
    let table = [(1_000, compressed.len(), None), (999, compressed.len(), Some(999)), (1_000, 5, Some(5))];
    for (max_out, max_in, expected) in table {
        for step in [
            Step::respond(200).body(compressed.clone()),
            Step::respond(200).pieces(compressed.iter().map(|byte| vec![*byte])),
        ] {
            let result = send(&decompressing(max_out, max_in, step), get("/x/")).await;
            let limit = result.err().map(|error| (error.kind(), error.limit_bytes()));
            assert_eq!(limit, expected.map(|limit| (Kind::BodyTooLarge, Some(limit))));
        }
    }
}

/// Body that repeats one piece without end, and counts the repetitions.
struct Endless {
    piece: Bytes,
    given: Arc<AtomicUsize>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.given.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))))
    }
}

/// Returns how many pieces of an endless body were read until its error.
async fn read_until_too_large(piece: Vec<u8>, cap: usize) -> usize {
    let given = Arc::new(AtomicUsize::new(0));
    let body = Endless { piece: piece.into(), given: Arc::clone(&given) };
    let mut response = Response::new(Body::once(body));
    response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let responses = Arc::new(std::sync::Mutex::new(VecDeque::from([response])));
    let service = service_fn(move |_request: Request<Body>| {
        let response = responses.lock().unwrap().pop_front().unwrap();
        async { Ok::<_, TransportError>(response) }
    });
    let transport = builder().max_body_bytes(cap).service(service).build().unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::BodyTooLarge, 1), "{error:?}");
    given.load(Ordering::Relaxed)
}

#[tokio::test]
async fn decompression_bomb_ends_at_the_cap() {
    let mebibyte = gzip(&"\0".repeat(1 << 20));
    assert!(mebibyte.len() < 2_000);
    assert_eq!(read_until_too_large(mebibyte, 8 << 20).await, 9, "of 1 MiB each, under a cap of 8");

    let nothing = gzip("");
    let pieces = read_until_too_large(nothing.clone(), 10_000).await;
    assert_eq!(pieces, 10_000 / nothing.len() + 1, "pieces without output are counted when they arrive");
}

#[tokio::test]
async fn decompression_bomb_is_processed_in_portions() {
    let bomb = gzip(&"\0".repeat(1 << 20)).repeat(64);
    let step = Step::respond(200).header("content-encoding", "gzip").body(bomb);
    let service = tower::Layer::layer(&DecompressLayer::new(1 << 20), ScriptedService::always(step));
    let mut body = send(&service, get("/x/")).await.unwrap().into_body();
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        let length = frame.unwrap().into_data().unwrap().len();
        assert!(length < 5 << 20, "{length} bytes at a time");
        total += length;
    }
    assert_eq!(total, 64 << 20);
}

#[tokio::test]
async fn gzip_is_requested_only_for_ordinary_calls() {
    let step = Step::respond(200).header("content-encoding", "gzip").body(gzip("hello"));
    let service = ScriptedService::always(step);
    let transport = builder().service(service.clone()).build().unwrap();
    let response = send(&transport, get("/x/")).await.unwrap();
    assert_eq!(text(&response), "hello");

    let streaming = with_options(get("/x/"), |options| options.streaming = true);
    let mut own = get("/x/");
    own.headers_mut().insert("accept-encoding", "br".parse().unwrap());
    let mut part = get("/x/");
    part.headers_mut().insert("range", "bytes=0-9".parse().unwrap());
    for request in [streaming, own, part] {
        let response = send(&transport, request).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip");
        assert_eq!(response.into_body().read_to_bytes(100).await.unwrap(), gzip("hello"));
    }
    let asked: Vec<_> =
        service.requests().iter().map(|request| request.headers.get("accept-encoding").cloned()).collect();
    assert_eq!(asked, [Some("gzip".parse().unwrap()), None, Some("br".parse().unwrap()), None]);
}

#[tokio::test]
async fn other_encodings_are_not_decompressed() {
    for (encoding, body) in [("identity", "plain"), ("br", "brotli"), ("gzip, gzip", "twice")] {
        let step = Step::respond(200).header("content-encoding", encoding).body(body);
        let response = send(&builder().service(ScriptedService::always(step)).build().unwrap(), get("/x/")).await;
        assert_eq!(text(&response.unwrap()), body);
    }
}

#[tokio::test(start_paused = true)]
async fn cut_gzip_body_is_retried_only_if_safe() {
    let cut = Step::respond(200).header("content-encoding", "gzip").body(gzip("hello")[..20].to_vec());
    let whole = Step::respond(200).header("content-encoding", "gzip").body(gzip("hello")).after(millis(1));
    let service = ScriptedService::new().then(cut.clone()).then(whole);
    let response = send(&builder().service(service).build().unwrap(), get("/x/")).await.unwrap();
    assert_eq!((text(&response), report(&response).attempts()), ("hello", 2));

    let transport = builder().service(ScriptedService::always(cut)).build().unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::Yes, 1));
}
