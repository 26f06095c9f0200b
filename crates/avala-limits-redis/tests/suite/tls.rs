//! Redis with TLS and a test certificate authority.

use std::path::Path;
use std::time::Duration;

use avala_limits_redis::{LimitsErrorKind as Kind, RedisLimits};
use avala_transport::RateLimit;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::time::{Instant, sleep};

use crate::support::{GUARD, Redis, builder, call, granted, millis};

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Issues a certificate for 127.0.0.1. Returns it and its key.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        // A certificate with the name of its issuer would count as self-signed.
        params.distinguished_name.push(DnType::CommonName, "redis");
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Starts a Redis that accepts only TLS, and returns its port. `None` if Redis is not installed, or was built without
/// TLS.
async fn start(authority: &Authority, directory: &Path, asks_for_certificates: bool) -> Option<(Redis, u16)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (certificate, key) = authority.issue();
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let files = [file("ca.pem", &authority.pem), file("server.pem", &certificate), file("server.key", &key)];
    let asks = if asks_for_certificates { "yes" } else { "no" };
    let tls = ["--tls-port", &port.to_string(), "--tls-ca-cert-file", &files[0], "--tls-cert-file", &files[1]];
    let options = [&tls[..], &["--tls-key-file", &files[2], "--tls-auth-clients", asks]].concat();
    let user = ["--user", "worker", "on", ">hunter2", "~avala*", "+@all"];
    let redis = Redis::start(&[&options[..], &user].concat()).await?;
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if redis.has_ended() {
            eprintln!("SKIPPED: tests with TLS need a `redis-server` that is built with TLS");
            return None;
        }
        assert!(started.elapsed() < GUARD, "redis-server does not start");
        sleep(millis(20)).await;
    }
    Some((redis, port))
}

fn printed(limits: &RedisLimits) -> String {
    format!("{limits:?} {:?} {:?}", limits.problem(), limits.warning())
}

#[tokio::test]
async fn tls_with_a_user_serves_calls_and_prints_no_password() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let Some((_redis, port)) = start(&authority, directory.path(), false).await else { return };
    let url = format!("rediss://worker:hunter2@127.0.0.1:{port}/");
    let limit = RateLimit::per_minute(60_000).burst(100);
    let trusting = builder(&url, limit).root_certificate_pem(authority.pem.as_str());
    let limits = trusting.clone().connect().await.unwrap();
    for _ in 0..20 {
        granted(&limits, call()).await;
    }
    assert!(!printed(&limits).contains("hunter2") && !format!("{trusting:?}").contains("hunter2"));

    let wrong = format!("rediss://worker:hunter3@127.0.0.1:{port}/");
    let error =
        builder(wrong, limit).root_certificate_pem(authority.pem.as_str()).connect().await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Access, "{error}");
    assert!(!error.to_string().contains("hunter3"), "{error}");
}

#[tokio::test]
async fn unknown_authority_is_never_trusted() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let Some((_redis, port)) = start(&authority, directory.path(), false).await else { return };
    let url = format!("rediss://worker:hunter2@127.0.0.1:{port}/");
    let limit = RateLimit::per_minute(60_000).burst(100);
    let own = builder(&url, limit).timeout(Duration::from_secs(2));
    for distrusting in [own.clone(), own.clone().root_certificate_pem(Authority::new().pem)] {
        let limits = distrusting.connect().await.unwrap();
        let problem = limits.problem().expect("Redis is not used");
        assert_eq!(problem.kind(), Kind::Unavailable, "{problem}");
        assert!(!printed(&limits).contains("hunter2"));
    }
    let error = own.root_certificate_pem("no certificate").build().map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration, "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn server_that_requests_a_certificate_gets_it() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let Some((_redis, port)) = start(&authority, directory.path(), true).await else { return };
    let url = format!("rediss://worker:hunter2@127.0.0.1:{port}/");
    let (certificate, key) = authority.issue();
    let trusting = builder(url, RateLimit::per_minute(60_000).burst(100)).root_certificate_pem(authority.pem.as_str());
    let limits = trusting.clone().client_certificate_pem(certificate, key.as_str()).connect().await.unwrap();
    granted(&limits, call()).await;
    assert!(!printed(&limits).contains(&key));
    let without = trusting.timeout(Duration::from_secs(2)).connect().await.unwrap();
    assert!(without.problem().is_some(), "Redis is not used without a certificate");
}
