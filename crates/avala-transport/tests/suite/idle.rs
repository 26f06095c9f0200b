//! Streams that stop sending.

use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Body, BoxError, Sent, TimeSpent, TimeoutPhase, Transport, TransportError, TransportErrorKind as Kind,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep, sleep};
use tower::service_fn;

use crate::support::{builder, get, millis, secs, send, text, with_options};

/// A body with a piece after each of these waits, which stalls after the last one.
struct Slow {
    waits: std::vec::IntoIter<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Slow {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.sleep.is_none() {
            let Some(wait) = self.waits.next() else { return Poll::Pending };
            self.sleep = Some(Box::pin(sleep(wait)));
        }
        if let Some(sleep) = self.sleep.as_mut() {
            ready!(sleep.as_mut().poll(cx));
        }
        self.sleep = None;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece")))))
    }
}

fn transport(waits: &'static [u64], idle: Option<Duration>) -> Transport {
    let service = service_fn(move |_request: Request<Body>| async move {
        let waits: Vec<Duration> = waits.iter().copied().map(millis).collect();
        Ok::<_, BoxError>(Response::new(Slow { waits: waits.into_iter(), sleep: None }))
    });
    let builder = builder().service(service);
    match idle {
        Some(idle) => builder.idle_timeout(idle),
        None => builder,
    }
    .build()
    .unwrap()
}

async fn open(transport: &Transport, own: Option<Duration>) -> Body {
    let request = with_options(get("/x/"), |options| {
        options.streaming = true;
        options.idle_timeout = own;
    });
    send(transport, request).await.unwrap().into_body()
}

async fn next(body: &mut Body) -> Option<Result<Bytes, Box<TransportError>>> {
    // Without a timeout in the body nothing would happen, also on the paused clock.
    let frame = tokio::time::timeout(secs(1_000_000_000), body.frame()).await.expect("it ends at some time")?;
    Some(frame.map(|frame| frame.into_data().unwrap()).map_err(|error| error.downcast().unwrap()))
}

#[tokio::test(start_paused = true)]
async fn silent_stream_ends_with_an_idle_timeout() {
    let table = [(None, None, 30), (Some(secs(3)), None, 3), (Some(secs(3)), Some(secs(7)), 7)];
    for (of_builder, own, expected) in table {
        let mut body = open(&transport(&[2_000, 2_900], of_builder), own).await;
        let started = Instant::now();
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "piece");
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "piece");
        assert_eq!(started.elapsed(), millis(4_900), "each piece has its own time");

        let error = next(&mut body).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Idle)));
        assert_eq!(started.elapsed(), millis(4_900) + secs(expected));
        assert_eq!((error.sent(), error.status().unwrap().as_u16(), error.attempts()), (Sent::Yes, 200, 1));
        assert_eq!(error.elapsed(), started.elapsed());
        assert_eq!(error.time_spent(), TimeSpent::default(), "reading a stream is not part of the attempt");
        assert_eq!(error.to_string(), format!("idle timeout: no data of the body arrived for {expected} s"));
        assert!(next(&mut body).await.is_none(), "the body has ended");
        assert!(http_body::Body::is_end_stream(&body));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_reader_does_not_time_out() {
    let mut body = open(&transport(&[0, 29_000], None), None).await;
    for _ in 0..2 {
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "piece");
        sleep(secs(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn max_duration_is_no_limit() {
    let mut body = open(&transport(&[500_000_000], Some(Duration::MAX)), None).await;
    assert_eq!(next(&mut body).await.unwrap().unwrap(), "piece");
}

#[tokio::test(start_paused = true)]
async fn stream_end_and_error_pass_unchanged() {
    let service =
        ScriptedService::new().then(Step::respond(200).pieces(["a", "b"])).then(Step::respond(200).pieces(["a"]).cut());
    let transport = builder().service(service).build().unwrap();
    let body = open(&transport, None).await;
    assert!(!http_body::Body::is_end_stream(&body));
    assert_eq!(body.read_to_bytes(10).await.unwrap(), "ab");
    let error = open(&transport, None).await.read_to_bytes(10).await.unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionLost);
}

#[tokio::test(start_paused = true)]
async fn body_in_memory_passes_unchanged() {
    let transport = builder().service(ScriptedService::always(Step::respond(200).body("whole"))).build().unwrap();
    assert_eq!(text(&send(&transport, get("/x/")).await.unwrap()), "whole");
    let request = with_options(get("/x/"), |options| options.streaming = true);
    assert_eq!(text(&send(&transport, request).await.unwrap()), "whole");
}

#[tokio::test(start_paused = true)]
async fn size_of_a_stream_passes_unchanged() {
    let service = service_fn(|_request: Request<Body>| async {
        let chunks = futures_util::stream::iter([Ok::<_, BoxError>(Bytes::from_static(b"whole"))]);
        Ok::<_, BoxError>(Response::new(Body::stream(5, chunks)))
    });
    let mut body = open(&builder().service(service).build().unwrap(), None).await;
    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(5));
    assert_eq!(next(&mut body).await.unwrap().unwrap(), "whole");
}
