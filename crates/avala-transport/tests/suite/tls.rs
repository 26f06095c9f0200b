//! Real handshakes: which protocol is spoken, and which servers are not.

use avala_transport::{BaseUrl, Sent, Transport, TransportBuilder, TransportErrorKind as Kind};

use crate::servers::{self, Echo, certificate_authority, server_config};
use crate::support::{builder, post, send, text};

fn transport(server: std::net::SocketAddr, trust: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Transport {
    let url = BaseUrl::parse(&format!("https://{server}")).unwrap();
    trust(builder().base_url(url)).build().unwrap()
}

#[tokio::test]
async fn the_protocol_is_what_both_sides_can() {
    let (der, pem, issuer) = certificate_authority();
    let table: [(&[&str], &str); 4] = [
        (&["h2", "http/1.1"], "HTTP/2.0 hello"),
        (&["h2"], "HTTP/2.0 hello"),
        (&["http/1.1"], "HTTP/1.1 hello"),
        (&[], "HTTP/1.1 hello"),
    ];
    for (protocols, expected) in table {
        let server = Echo::tls(server_config(&issuer, "127.0.0.1", protocols, |_| {})).await;
        let by_der = transport(server.address, |builder| builder.root_certificate_der(der.clone()));
        let by_pem = transport(server.address, |builder| builder.root_certificate_pem(pem.clone()));
        for transport in [by_der, by_pem] {
            for _ in 0..2 {
                let response = send(&transport, post("/x/", "hello")).await.unwrap();
                assert_eq!(text(&response), expected, "{protocols:?}");
            }
        }
        assert_eq!(server.connections(), 2, "one for each transport");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_gets_nothing() {
    let (trusted, _, issuer) = certificate_authority();
    let (_, _, stranger) = certificate_authority();
    let table = [
        ("unknown root", server_config(&stranger, "127.0.0.1", &[], |_| {})),
        ("another name", server_config(&issuer, "api.avala.ai", &[], |_| {})),
        (
            "expired",
            server_config(&issuer, "127.0.0.1", &[], |params| {
                params.not_before = rcgen::date_time_ymd(2000, 1, 1);
                params.not_after = rcgen::date_time_ymd(2001, 1, 1);
            }),
        ),
    ];
    for (what, config) in table {
        let server = Echo::tls(config).await;
        let transport = transport(server.address, |builder| builder.root_certificate_der(trusted.clone()));
        let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Tls, Sent::No, 1), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_spoken_to() {
    let (trusted, _, _) = certificate_authority();
    let address = servers::raw_after_bytes("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let transport = transport(address, |builder| builder.root_certificate_der(trusted));
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::Tls, Sent::No));
}

#[tokio::test]
async fn a_handshake_that_breaks_may_work_the_next_time() {
    let (trusted, _, _) = certificate_authority();
    let address = servers::raw_after_bytes("").await;
    let transport = transport(address, |builder| builder.root_certificate_der(trusted));
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3), "{error:?}");
}
