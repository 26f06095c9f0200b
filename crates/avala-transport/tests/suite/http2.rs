//! HTTP/2: whether a request that failed counts as sent, with a server that writes frames.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use avala_transport::{BaseUrl, Body, RetryPolicy, Sent, Transport, TransportErrorKind as Kind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::servers::{certificate_authority, server_config};
use crate::support::{builder, get, millis, post, report, send};

const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Reaction of the server to a request.
#[derive(Debug, Clone, Copy)]
enum Act {
    Respond,
    Reset(u32),
    /// Sends GOAWAY with the last stream and an error, and closes the connection.
    GoAway(u32, u32),
}

/// Returns a transport for a server that reacts to the n-th request with the n-th of `acts`.
async fn transport(acts: &[Act]) -> Transport {
    let (root, _, issuer) = certificate_authority();
    let tls = TlsAcceptor::from(Arc::new(server_config(&issuer, "127.0.0.1", &["h2"], |_| {})));
    let acts = Arc::new(Mutex::new(acts.iter().copied().collect::<VecDeque<_>>()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = tls.accept(stream).await {
                // An error means that the client closed the connection.
                let _ = serve(&mut stream, &acts).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    let url = BaseUrl::parse(&format!("https://{address}")).unwrap();
    let quick = RetryPolicy::default().base_delay(millis(1));
    builder().base_url(url).root_certificate_der(root).retry(quick).build().unwrap()
}

async fn serve(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), acts: &Mutex<VecDeque<Act>>) -> std::io::Result<()> {
    stream.read_exact(&mut [0; PREFACE]).await?;
    write_frame(stream, SETTINGS, 0, 0, &[]).await?;
    loop {
        let (kind, id) = read_frame(stream).await?;
        if kind != HEADERS {
            continue;
        }
        let act = acts.lock().unwrap().pop_front().expect("there is an act for each request");
        match act {
            // A complete response without a body: 0x88 is `:status: 200` in the static table of HPACK.
            Act::Respond => write_frame(stream, HEADERS, 0x5, id, &[0x88]).await?,
            Act::Reset(code) => write_frame(stream, RST_STREAM, 0, id, &code.to_be_bytes()).await?,
            Act::GoAway(last, code) => {
                let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
                return write_frame(stream, GOAWAY, 0, 0, &payload).await;
            }
        }
    }
}

async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    stream.read_exact(&mut vec![0; length as usize]).await?;
    Ok((head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]])))
}

async fn write_frame(
    stream: &mut (impl AsyncWrite + Unpin),
    kind: u8,
    flags: u8,
    id: u32,
    payload: &[u8],
) -> std::io::Result<()> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(id.to_be_bytes());
    frame.extend(payload);
    stream.write_all(&frame).await?;
    stream.flush().await
}

/// Returns a body from a factory.
fn made() -> Body {
    Body::replay(|| Body::from("{}"))
}

const GOAWAYS: [Act; 2] = [Act::GoAway(0, NO_ERROR), Act::GoAway(0, ENHANCE_YOUR_CALM)];

#[tokio::test]
async fn refused_stream_counts_as_not_sent() {
    let refused = Act::Reset(REFUSED_STREAM);
    for body in [|| Body::from("{}"), Body::empty, made] {
        let response = send(&transport(&[refused, Act::Respond]).await, post("/x/", body())).await.unwrap();
        assert_eq!((response.status().as_u16(), report(&response).attempts()), (200, 2));

        let error = send(&transport(&[refused; 3]).await, post("/x/", body())).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::No, 3));
    }
}

#[tokio::test]
async fn goaway_below_a_request_with_body_counts_as_not_sent() {
    for act in GOAWAYS {
        for body in [|| Body::from("{}"), made] {
            let response = send(&transport(&[act, Act::Respond]).await, post("/x/", body())).await.unwrap();
            assert_eq!((response.status().as_u16(), report(&response).attempts()), (200, 2), "{act:?}");

            let error = send(&transport(&[act; 3]).await, post("/x/", body())).await.unwrap_err();
            assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::No, 3), "{act:?}");
        }
    }
}

#[tokio::test]
async fn goaway_below_a_request_without_body_counts_as_maybe_sent() {
    for act in GOAWAYS {
        let response = send(&transport(&[act, Act::Respond]).await, get("/x/")).await.unwrap();
        assert_eq!((response.status().as_u16(), report(&response).attempts()), (200, 2), "{act:?}");

        for empty in [Body::empty(), Body::from(""), Body::replay(Body::empty)] {
            let error = send(&transport(&[act, Act::Respond]).await, post("/x/", empty)).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.sent(), error.attempts()),
                (Kind::ConnectionLost, Sent::Maybe, 1),
                "{act:?}"
            );
        }
    }
}

#[tokio::test]
async fn other_resets_and_goaways_count_as_maybe_sent() {
    // Streams of a client are odd: its first one is 1.
    for act in [Act::Reset(INTERNAL_ERROR), Act::Reset(NO_ERROR), Act::GoAway(1, NO_ERROR), Act::GoAway(1, 2)] {
        let error = send(&transport(&[act]).await, post("/x/", "{}")).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::Maybe, 1), "{act:?}");

        let response = send(&transport(&[act, Act::Respond]).await, get("/x/")).await.unwrap();
        assert_eq!(report(&response).attempts(), 2, "{act:?}");
    }
}

#[tokio::test]
async fn connection_is_not_reused_after_goaway() {
    let acts = [Act::Respond, Act::GoAway(0, NO_ERROR), Act::Respond];
    let transport = transport(&acts).await;
    for attempts in [1, 2] {
        let response = send(&transport, post("/x/", "{}")).await.unwrap();
        assert_eq!(report(&response).attempts(), attempts);
    }
}
