use std::time::Duration;

use avala_sandbox::{Sandbox, Seed};
use http::StatusCode;
use tokio::net::TcpStream;

use crate::client::{address, get};

#[tokio::test]
async fn a_dropped_sandbox_no_longer_listens() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let address = address(&sandbox).to_owned();
    let mut open = TcpStream::connect(&address).await.unwrap();
    drop(sandbox);
    // The server's task ends when it is polled next.
    let closed = async {
        while TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("the port is closed");
    let left = tokio::io::AsyncReadExt::read(&mut open, &mut [0]).await;
    assert!(matches!(left, Ok(0) | Err(_)), "open connections are closed too");
}

#[tokio::test]
async fn sandboxes_do_not_share_a_port_or_data() {
    let (one, other) = (Sandbox::start().await.unwrap(), Sandbox::builder().seed(Seed::Empty).start().await.unwrap());
    assert_ne!(one.url(), other.url());
    let path = "/datasets/acme-robotics/warehouse-lidar/";
    assert_eq!(get(&one, path).await.status(), StatusCode::OK);
    assert_eq!(get(&other, path).await.status(), StatusCode::NOT_FOUND);

    let port = address(&one).rsplit_once(':').unwrap().1.parse().unwrap();
    let error = Sandbox::builder().port(port).start().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
