//! Small servers on loopback ports.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// HTTP server that responds with the version of the request and its body, and counts connections.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Echo {
    pub(crate) async fn plain() -> Self {
        Self::start(None).await
    }

    pub(crate) async fn tls(config: ServerConfig) -> Self {
        Self::start(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            // More connections than any test makes.
            for _ in 0..100 {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
                match tls.clone() {
                    None => drop(tokio::spawn(serve(stream))),
                    Some(tls) => drop(tokio::spawn(async move {
                        // A client that does not trust the certificate closes the connection here.
                        if let Ok(stream) = tls.accept(stream).await {
                            Box::pin(serve(stream)).await;
                        }
                    })),
                }
            }
        });
        Self { address, connections }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service_fn(echo)).await;
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let version = request.version();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = format!("{version:?} {}", String::from_utf8_lossy(&body));
    Ok(Response::new(Full::new(text.into())))
}

/// Returns a certificate authority: its certificate in DER and in PEM, and its issuer.
pub(crate) fn certificate_authority() -> (Vec<u8>, String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.der().to_vec(), certificate.pem(), Issuer::new(params, key))
}

/// Returns the settings of a server with a certificate for `name` and with `protocols`.
pub(crate) fn server_config(
    issuer: &Issuer<'static, KeyPair>,
    name: &str,
    protocols: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> ServerConfig {
    let (certificate, key) = certificate(issuer, name, change);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// Returns the settings of a server at `127.0.0.1` that accepts only clients with a certificate below `clients`.
pub(crate) fn asking_for_certificates(issuer: &Issuer<'static, KeyPair>, clients: &[u8]) -> ServerConfig {
    let (certificate, key) = certificate(issuer, "127.0.0.1", |_| {});
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(clients.to_vec())).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap()
}

/// Returns a certificate for a client and its key, both in PEM.
pub(crate) fn client_certificate(issuer: &Issuer<'static, KeyPair>) -> (String, String) {
    let (certificate, key) = certificate(issuer, "client.example", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    (certificate.pem(), key.serialize_pem())
}

fn certificate(
    issuer: &Issuer<'static, KeyPair>,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> (Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    (params.signed_by(&key, issuer).unwrap(), key)
}
