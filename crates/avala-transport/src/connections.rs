//! The settings of connections.

use std::time::Duration;

use crate::builder::TransportBuilder;
#[cfg(feature = "tls")]
use crate::http_client::tls::{ClientCertificate, ExtraRoot};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;

/// What the pooled client needs.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) connect_timeout: Duration,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
    pub(crate) http2_keep_alive: Option<KeepAlive>,
    #[cfg(feature = "proxy")]
    pub(crate) proxy: Proxy,
    #[cfg(feature = "tls")]
    pub(crate) extra_roots: Vec<ExtraRoot>,
    #[cfg(feature = "tls")]
    pub(crate) client_certificate: Option<ClientCertificate>,
}

/// The longest duration that the HTTP library can add to a clock: about 30 years, which nobody waits for.
const LONGEST: Duration = Duration::from_secs(1 << 30);

/// Returns `None`, which stands for no limit, for a duration that is too long to end.
pub(crate) fn finite(duration: Duration) -> Option<Duration> {
    (duration <= LONGEST).then_some(duration)
}

/// The pings of HTTP/2.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "http2"), expect(dead_code, reason = "HTTP/1.1 has no pings"))]
pub(crate) struct KeepAlive {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            // Below the 60 s after which servers and load balancers usually hang up.
            pool_idle_timeout: Duration::from_secs(50),
            // As many as ordinary calls may be on their way: one closed for want of room would be opened again at once.
            pool_max_idle_per_host: 256,
            // Together below the 30 s of an attempt: a dead connection is found, and given up, while the attempt still
            // runs. An attempt that runs out of time leaves it in the pool, and the next attempt would use it again.
            http2_keep_alive: Some(KeepAlive { interval: Duration::from_secs(10), timeout: Duration::from_secs(10) }),
            #[cfg(feature = "proxy")]
            proxy: Proxy::none(),
            #[cfg(feature = "tls")]
            extra_roots: Vec::new(),
            #[cfg(feature = "tls")]
            client_certificate: None,
        }
    }
}

/// Connections.
impl TransportBuilder {
    /// Sets the time for making a connection: name lookup, TCP, the proxy's tunnel and TLS together.
    /// [`CallOptions::connect_timeout`](crate::CallOptions::connect_timeout) is for a call that has less.
    /// [`Duration::MAX`] is no limit.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connections.connect_timeout = timeout;
        self
    }

    /// Sets how long an idle connection is kept. Keep it below the time after which the server closes idle connections.
    /// [`Duration::MAX`] is no limit.
    #[must_use]
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.connections.pool_idle_timeout = timeout;
        self
    }

    /// Sets how many idle connections are kept. HTTP/2 needs one for any number of calls.
    #[must_use]
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.connections.pool_max_idle_per_host = connections;
        self
    }

    /// Sets the pings of HTTP/2: `interval` after the last sign of life the server is asked for one, and `timeout` later
    /// the connection is given up. [`Duration::MAX`] as the interval sends no pings, and as the timeout waits for a ping
    /// without a limit.
    ///
    /// Only connections with a call on them are asked. An idle one costs the server nothing, and if it is dead, the next
    /// call on it is told by the same pings.
    #[must_use]
    pub fn http2_keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        let timeout = finite(timeout).unwrap_or(LONGEST);
        self.connections.http2_keep_alive = finite(interval).map(|interval| KeepAlive { interval, timeout });
        self
    }

    /// Sets the proxy. Without this there is none, whatever the environment says:
    /// [`Proxy::from_env`] is the way to let it.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.connections.proxy = proxy;
        self
    }

    /// Trusts one more root certificate, or several, in PEM. [`build`](Self::build) reads it.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.connections.extra_roots.push(ExtraRoot::Pem(pem.into()));
        self
    }

    /// Trusts one more root certificate, in DER. [`build`](Self::build) reads it.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn root_certificate_der(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.connections.extra_roots.push(ExtraRoot::Der(der.into()));
        self
    }

    /// Shows a certificate to servers that ask for one, as gateways of companies do. Both are PEM: the certificate,
    /// followed by those between it and the root, and its private key. [`build`](Self::build) reads them.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn client_certificate_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.connections.client_certificate = Some(ClientCertificate::new(chain.into(), key.into()));
        self
    }
}
