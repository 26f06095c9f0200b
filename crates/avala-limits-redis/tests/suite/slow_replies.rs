//! Responses that arrive byte by byte, or are truncated.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::outages::{is_local, quick};
use crate::support::{millis, request};

/// Returns a server that sends its response to a script byte by byte, and then closes the connection.
async fn dripping(response: &'static [u8], pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = Vec::new();
                loop {
                    let mut part = [0; 4_096];
                    let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
                    buffer.extend_from_slice(&part[..length]);
                    while let Some((words, length)) = request(&buffer) {
                        buffer.drain(..length);
                        if words[0].starts_with("EVAL") && !words[1].contains("INFO") {
                            for byte in response {
                                stream.write_all(&[*byte]).await.ok()?;
                                sleep(pause).await;
                            }
                            return Some(());
                        }
                        stream.write_all(b"+OK\r\n").await.ok()?;
                    }
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn after_slow_and_truncated_responses_the_share_decides() {
    let (good, cut) = (&b"$19\r\nid 5 0 0 0 0 - 0 g0\r\n"[..], &b"$19\r\nid 5 0 0 0"[..]);
    for (response, pause) in [(good, millis(50)), (cut, Duration::ZERO), (b"", Duration::ZERO), (b"-ERR", millis(1))] {
        let limits = quick(dripping(response, pause).await);
        let started = Instant::now();
        for _ in 0..5 {
            assert!(is_local(&limits).await, "{response:?}");
        }
        assert!(limits.problem().is_some(), "{response:?}: {:?}", started.elapsed());
    }
}
