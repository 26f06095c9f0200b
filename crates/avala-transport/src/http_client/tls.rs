//! TLS configuration: trusted roots, client certificate and protocols.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::connection_settings::{Connections, ExtraRoot};
use crate::error::TransportError;

pub(super) fn config(settings: &Connections, needs_roots: bool) -> Result<ClientConfig, TransportError> {
    let mut roots = built_in_roots();
    for (index, root) in settings.extra_roots.iter().enumerate() {
        for certificate in certificates(root).map_err(|why| bad_root(index, &why))? {
            roots.add(certificate).map_err(|_| bad_root(index, "it is not a valid X.509 certificate"))?;
        }
    }
    if needs_roots && roots.is_empty() {
        return Err(TransportError::configuration(
            "no root certificate is trusted, so no https server can be; enable `tls-webpki-roots` or \
             `tls-native-roots`, or add a root certificate",
        ));
    }
    // The provider is set explicitly: the process-wide default belongs to the application and may be missing.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::configuration("TLS cannot be set up").with_source(error))?
        .with_root_certificates(roots);
    let Some(own) = &settings.client_certificate else { return Ok(builder.with_no_client_auth()) };
    let chain = pem_certificates(&own.chain).map_err(|why| bad_client_certificate(&why))?;
    let key = PrivateKeyDer::from_pem_slice(&with_plain_line_ends(&own.key))
        .map_err(|_| bad_client_certificate(&not_found("private key", &own.key)))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| {
        bad_client_certificate(match error {
            rustls::Error::InconsistentKeys(_) => "the private key does not belong to the certificate",
            rustls::Error::InvalidCertificate(_) => "it is not a valid X.509 certificate",
            _ => "the private key is not a supported RSA, ECDSA or Ed25519 key",
        })
    })
}

fn built_in_roots() -> RootCertStore {
    #[allow(unused_mut, reason = "a build without features adds no root")]
    let mut roots = RootCertStore::empty();
    #[cfg(feature = "tls-webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // Certificate stores of machines often contain a few unreadable certificates; these are skipped.
    #[cfg(feature = "tls-native-roots")]
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(root: &ExtraRoot) -> Result<Vec<CertificateDer<'static>>, String> {
    match root {
        ExtraRoot::Der(der) => Ok(vec![CertificateDer::from(der.clone())]),
        ExtraRoot::Pem(pem) => pem_certificates(pem),
    }
}

/// Reads certificates, with any line ends and surrounding text.
///
/// Parser errors are never included in a message, here and for keys: they repeat the input, which is a private key if
/// both are in one string.
fn pem_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = with_plain_line_ends(pem);
    match CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>() {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(not_found("CERTIFICATE section", pem)),
    }
}

/// Converts line ends: the parser does not accept a lone carriage return.
fn with_plain_line_ends(pem: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(pem.len());
    for (index, byte) in pem.iter().enumerate() {
        match byte {
            b'\r' if pem.get(index + 1) == Some(&b'\n') => {}
            b'\r' => text.push(b'\n'),
            byte => text.push(*byte),
        }
    }
    text
}

fn not_found(what: &str, pem: &[u8]) -> String {
    let escaped = pem.windows(2).any(|pair| pair == b"\\n");
    let hint = if escaped { "; it has the two characters `\\n` where it needs line breaks" } else { "" };
    format!("there is no {what} in the PEM text, or it cannot be read{hint}")
}

fn bad_root(index: usize, why: &str) -> TransportError {
    TransportError::configuration(format!("root certificate {} cannot be used: {why}", index + 1))
}

fn bad_client_certificate(why: &str) -> TransportError {
    TransportError::configuration(format!("the client certificate cannot be used: {why}"))
}

pub(super) fn connector<C>(tcp: C, config: ClientConfig) -> HttpsConnector<C> {
    // Also allows plain http: the base URL restricts it to loopback addresses.
    let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1();
    #[cfg(feature = "http2")]
    let builder = builder.enable_http2();
    builder.wrap_connector(tcp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_root_certificate_is_named_by_index() {
        let table = [
            (ExtraRoot::Pem(b"not a certificate".to_vec()), "no CERTIFICATE section"),
            (
                ExtraRoot::Pem(b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n".to_vec()),
                "root certificate 1",
            ),
            (ExtraRoot::Der(vec![1, 2, 3]), "root certificate 1"),
        ];
        for (root, expected) in table {
            let settings = Connections { extra_roots: vec![root], ..Connections::default() };
            let error = config(&settings, true).unwrap_err();
            assert_eq!(error.kind(), crate::error::TransportErrorKind::Configuration);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
