//! A fake Redis that responds to every script with a given text.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::support::request;

/// A response that grants one call now.
pub(crate) const GRANTED: &str = "$19\r\nid 5 0 0 0 0 - 0 g0\r\n";

/// The server. It ends with the runtime.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    pub(crate) state: Arc<State>,
}

/// Responses and counts of the server.
pub(crate) struct State {
    pub(crate) response: Mutex<&'static str>,
    /// Delay of the response to each script.
    pub(crate) delay: Mutex<Duration>,
    pub(crate) scripts: AtomicUsize,
    pub(crate) connections: AtomicUsize,
}

impl Fake {
    pub(crate) async fn start(response: &'static str) -> Self {
        Self::start_at("127.0.0.1:0", response).await
    }

    pub(crate) async fn start_at(address: &str, response: &'static str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        let state = Arc::new(State {
            response: Mutex::new(response),
            delay: Mutex::new(Duration::ZERO),
            scripts: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let fake = Self { url, state: state.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                state.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, state.clone()));
            }
        });
        fake
    }

    pub(crate) fn respond(&self, response: &'static str, delay: Duration) {
        *self.state.response.lock().unwrap() = response;
        *self.state.delay.lock().unwrap() = delay;
    }

    pub(crate) fn scripts(&self) -> usize {
        self.state.scripts.load(Ordering::Relaxed)
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        while let Some((words, length)) = request(&buffer) {
            buffer.drain(..length);
            let text = if words[0].starts_with("EVAL") && !words[1].contains("INFO") {
                // One command after another, like Redis.
                let (response, delay) = (*state.response.lock().unwrap(), *state.delay.lock().unwrap());
                state.scripts.fetch_add(1, Ordering::Relaxed);
                sleep(delay).await;
                response
            } else {
                "+OK\r\n"
            };
            stream.write_all(text.as_bytes()).await.ok()?;
        }
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        buffer.extend_from_slice(&part[..length]);
    }
}
