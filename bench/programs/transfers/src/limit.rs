//! A relay to a port of this machine that limits the rate of each connection.

use std::error::Error;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const BUFFER: usize = 128 * 1024;

/// Relays connections until the process ends. Prints the port.
pub(crate) async fn serve(to: u16, bytes_per_second: f64) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (near, _) = listener.accept().await?;
        let far = TcpStream::connect(("127.0.0.1", to)).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        // A connection that ends is not an error of the relay.
        drop(tokio::spawn(copy(from_near, to_far, bytes_per_second)));
        drop(tokio::spawn(copy(from_far, to_near, bytes_per_second)));
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, bytes_per_second: f64) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let mut free_at = Instant::now();
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(buffer.get(..count).unwrap_or_default()).await?;
        // An idle connection saves up no rate.
        free_at = free_at.max(Instant::now()) + Duration::from_secs_f64(count as f64 / bytes_per_second);
        // Shorter sleeps are not exact.
        if free_at > Instant::now() + Duration::from_millis(2) {
            tokio::time::sleep_until(free_at).await;
        }
    }
}
