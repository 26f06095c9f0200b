//! A webhook receiver on axum that verifies signatures and skips repeated deliveries. With the feature `axum`, the
//! extractor `Verified` does the verification.
//!
//! It listens on a loopback port and sends itself three deliveries. To receive from Avala, bind a public address and
//! remove the deliveries.

#![expect(clippy::print_stdout, reason = "an example prints its output")]

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use avala_webhook::{DELIVERY_HEADER, Delivery, EVENT_HEADER, SIGNATURE_HEADER, WebhookResource, sign, verify};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "whsec_example";

/// IDs of handled deliveries. A service with several processes stores them in its database.
type Handled = Arc<Mutex<HashSet<String>>>;

async fn receive(State(handled): State<Handled>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let delivery = match verify(&[SECRET], |name| headers.get(name)?.to_str().ok(), &body) {
        Ok(delivery) => delivery,
        Err(error) => {
            println!("rejected: {error}");
            return StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::BAD_REQUEST);
        }
    };
    let is_new = handled.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery.id.to_string());
    if is_new {
        handle(&delivery);
    } else {
        println!("delivery {} was repeated: skipped", delivery.id);
    }
    StatusCode::NO_CONTENT
}

fn handle(delivery: &Delivery) {
    match delivery.event.resource() {
        Ok(WebhookResource::Export(export)) => {
            println!("export {} is ready: {}", export.uid, export.download_url.as_deref().unwrap_or("nowhere"));
        }
        Ok(_) => println!("{}: nothing to do", delivery.event.event),
        Err(error) => println!("{error}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = Router::new().route("/avala", post(receive)).with_state(Handled::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(axum::serve(listener, app).into_future());

    let body = r#"{"uid": "e1", "status": "exported", "download_url": "https://storage.avala.ai/exports/e1.zip"}"#;
    let signature = sign(SECRET, body.as_bytes());
    for signature in [&*signature, &*signature, "0123"] {
        let request = format!(
            "POST /avala HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
             {EVENT_HEADER}: export.completed\r\n{DELIVERY_HEADER}: d1\r\n{SIGNATURE_HEADER}: {signature}\r\n\r\n{body}",
            body.len()
        );
        let mut connection = TcpStream::connect(address).await?;
        connection.write_all(request.as_bytes()).await?;
        let mut response = String::new();
        connection.read_to_string(&mut response).await?;
        println!("  response: {}", response.lines().next().unwrap_or("none"));
    }
    server.abort();
    Ok(())
}
