//! The client over TLS, with a test certificate authority.

use std::sync::Arc;

use avala_client::ErrorKind;
use avala_sandbox::Sandbox;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::builder;

/// Terminates TLS in front of a sandbox, like a load balancer.
struct Terminator {
    url: String,
    authority_pem: String,
    task: AbortHandle,
}

impl Drop for Terminator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn terminator(sandbox: &Sandbox, name: &str) -> Terminator {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();

    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = sandbox.url().trim_start_matches("http://").to_owned();
    let task = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let mut inside = TcpStream::connect(behind).await?;
                let mut outside = acceptor.accept(socket).await?;
                tokio::io::copy_bidirectional(&mut outside, &mut inside).await
            });
        }
    });
    Terminator {
        url: format!("https://localhost:{port}"),
        authority_pem: authority_certificate.pem(),
        task: task.abort_handle(),
    }
}

#[tokio::test]
async fn trusted_certificate_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    let tls = terminator(&sandbox, "localhost").await;
    let avala = builder(&sandbox)
        .base_url(&tls.url)
        .allow_insecure_base_url(false)
        .transport(|transport| transport.root_certificate_pem(tls.authority_pem.as_str()))
        .build()
        .unwrap();
    let page = avala.projects().list().await.unwrap();
    assert!(!page.items.is_empty());

    // The sandbox does not know that it is behind TLS: its links name its own address, and their queries are followed.
    let mut datasets = avala.datasets().list().items();
    let mut count = 0;
    while let Some(dataset) = datasets.next().await {
        dataset.unwrap();
        count += 1;
        assert!(count < 1000);
    }
    assert!(count > 100, "more than one page");
}

#[tokio::test]
async fn untrusted_certificate_fails_without_retries() {
    let sandbox = Sandbox::start().await.unwrap();
    let unknown = terminator(&sandbox, "localhost").await;
    let avala = builder(&sandbox).base_url(&unknown.url).build().unwrap();
    let error = avala.projects().list().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Tls, 1), "{error}");

    let wrong_name = terminator(&sandbox, "api.example.com").await;
    let avala = builder(&sandbox)
        .base_url(&wrong_name.url)
        .transport(|transport| transport.root_certificate_pem(wrong_name.authority_pem.as_str()))
        .build()
        .unwrap();
    assert_eq!(avala.projects().list().await.unwrap_err().kind(), ErrorKind::Tls);
    assert!(sandbox.requests().is_empty(), "no request and no key went over either connection");
}
