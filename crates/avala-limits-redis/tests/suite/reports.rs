//! What an outage reports, and what no report contains.

use std::fmt::{Debug, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use avala_limits_redis::RedisLimits;
use avala_transport::{Decision, RateLimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::fake::{Fake, GRANTED};
use crate::outages::{is_local, recovery};
use crate::support::{builder, call, decide, millis, request};

/// Collects the texts of all spans and events.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Recorder {
    fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, start: &str) -> usize {
        self.texts().iter().filter(|text| text.starts_with(start)).count()
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("avala_limits_redis")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        self.0.lock().unwrap().push(text.0);
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{} event", event.metadata().level()));
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn limits(url: &str) -> RedisLimits {
    builder(url, RateLimit::per_minute(60_000).burst(100)).timeout(millis(300)).build().unwrap()
}

#[tokio::test]
async fn each_outage_is_reported_in_one_span() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let fake = Fake::start(GRANTED).await;
    let limits = limits(&fake.url);
    for outage in 1..=2 {
        fake.respond(GRANTED, millis(0));
        recovery(&limits).await;
        fake.respond("-ERR READONLY You can't write\r\n", millis(0));
        for _ in 0..10 {
            assert!(is_local(&limits).await);
            sleep(millis(30)).await;
        }
        assert_eq!(recorder.count("avala.limits.local"), outage, "{:?}", recorder.texts());
        // The first use of Redis ends no outage.
        assert_eq!(recorder.count("INFO event"), outage - 1, "{:?}", recorder.texts());
    }
    let texts = recorder.texts().concat();
    assert!(texts.contains("reason=") && texts.contains("READONLY"), "{texts}");
}

/// Starts a server that repeats the whole command in its error, as Redis does with commands that it does not know.
async fn repeating() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(repeat(stream));
        }
    });
    address
}

async fn repeat(mut stream: TcpStream) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        while let Some((words, length)) = request(&buffer) {
            buffer.drain(..length);
            let command = words.join(" ").replace(char::is_control, " ");
            stream.write_all(format!("-ERR the command was: {command}\r\n").as_bytes()).await.ok()?;
        }
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        buffer.extend_from_slice(&part[..length]);
    }
}

#[tokio::test]
async fn no_report_contains_a_password_or_the_api_key() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let address = repeating().await;
    for url in [
        format!("redis://user:hunter2@{address}/3"),
        format!("redis://:hunter2@{address}/"),
        format!("redis://user:hunter2@{address}/?protocol=resp3"),
        format!("redis://user:h%75nter2@{address}/?protocol=resp3"),
        "redis://user:hunter2@127.0.0.1:1/".to_owned(),
        "redis://user:hunter2@no.such.host.invalid/".to_owned(),
        "unix:///no/such/socket?user=user&pass=hunter2".to_owned(),
    ] {
        let builder = builder(url, RateLimit::default()).timeout(millis(300));
        let built = builder.clone().build().unwrap();
        assert!(matches!(decide(&built, call()).await, Decision::Local));
        let connected = builder.clone().connect().await;
        let printed = format!("{builder:?} {built:?} {connected:?} {:?} {:?}", built.problem(), built.warning());
        let all = format!("{printed} {:?}", recorder.texts());
        assert!(!all.contains("hunter2") && !all.contains("nter2@") && !all.contains("avk_test"), "{all}");
        assert!(built.problem().is_some());
    }
}
