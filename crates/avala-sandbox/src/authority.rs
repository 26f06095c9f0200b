//! A certificate authority for tests: it issues a certificate for each host that the sandbox replaces.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority that exists for the lifetime of one sandbox. Its key never leaves the process.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    /// Acceptors by host, because creating a certificate is slow.
    acceptors: Mutex<HashMap<String, TlsAcceptor>>,
}

impl Authority {
    pub(crate) fn new() -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Avala sandbox test CA");
        let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem, acceptors: Mutex::default() })
    }

    /// Returns the certificate of the authority, for clients to trust.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns the acceptor of TLS connections for a host name or an IP address.
    pub(crate) fn acceptor(&self, host: &str) -> io::Result<TlsAcceptor> {
        let mut acceptors = self.acceptors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(acceptor) = acceptors.get(host) {
            return Ok(acceptor.clone());
        }
        let names: Vec<String> = match host {
            "localhost" | "127.0.0.1" | "::1" => ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(),
            host => vec![host.to_owned()],
        };
        let acceptor = self.issue(names)?;
        acceptors.insert(host.to_owned(), acceptor.clone());
        Ok(acceptor)
    }

    fn issue(&self, names: Vec<String>) -> io::Result<TlsAcceptor> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "Avala sandbox");
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
