//! Responses that are not read.

use avala_transport::BaseUrl;
use tokio::time::timeout;

use crate::servers::{Echo, certificate_authority, server_config};
use crate::support::{builder, get, post, secs, send, with_options};

#[tokio::test]
async fn unread_responses_do_not_block_other_calls() {
    for protocol in ["h2", "http/1.1"] {
        let (root, _, issuer) = certificate_authority();
        let server = Echo::tls(server_config(&issuer, "127.0.0.1", &[protocol], |_| {})).await;
        let url = BaseUrl::parse(&format!("https://{}", server.address)).unwrap();
        let transport = builder().base_url(url).root_certificate_der(root).build().unwrap();
        send(&transport, get("/")).await.unwrap();
        let mut unread = Vec::new();
        for _ in 0..8 {
            // More than the window of a stream, and together more than that of a connection with common settings.
            let request = with_options(post("/", vec![b'x'; 3 << 20]), |options| options.streaming = true);
            unread.push(send(&transport, request).await.unwrap());
        }
        for _ in 0..3 {
            // Only if the call hangs; the response takes milliseconds.
            let response = timeout(secs(20), send(&transport, post("/", vec![b'y'; 100_000]))).await;
            assert!(
                response.expect("the call hangs").unwrap().body().as_bytes().unwrap().len() > 100_000,
                "{protocol}"
            );
        }
        assert_eq!(server.connections() == 1, protocol == "h2");
        for response in unread {
            assert!(response.into_body().read_to_bytes(4 << 20).await.unwrap().len() > 3 << 20);
        }
    }
}
