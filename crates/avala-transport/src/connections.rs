//! Connection settings.

use std::time::Duration;

use crate::builder::TransportBuilder;
#[cfg(feature = "tls")]
use crate::http_client::tls::{ClientCertificate, ExtraRoot};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;

/// Settings of the pooled HTTP client.
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

/// The longest duration that the HTTP library can add to a clock: about 30 years.
const LONGEST: Duration = Duration::from_secs(1 << 30);

/// Returns `None` (no limit) for durations over [`LONGEST`].
pub(crate) fn finite(duration: Duration) -> Option<Duration> {
    (duration <= LONGEST).then_some(duration)
}

/// HTTP/2 keep-alive pings.
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
            // Below the 60 s after which servers and load balancers usually close idle connections.
            pool_idle_timeout: Duration::from_secs(50),
            // As many as the default limit of ordinary calls; a smaller pool would close connections that are soon
            // needed again.
            pool_max_idle_per_host: 256,
            // Their sum is below the attempt timeout of 30 s, so that a dead connection is detected and removed while
            // the attempt still runs. If the attempt timed out first, the connection would stay in the pool and the
            // next attempt would use it again.
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

/// Connection settings.
impl TransportBuilder {
    /// Sets the connect timeout: name lookup, TCP, proxy tunnel and TLS together. Default: 10 s. [`Duration::MAX`] is
    /// no limit. [`CallOptions::connect_timeout`](crate::CallOptions::connect_timeout) can shorten it for one call.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connections.connect_timeout = timeout;
        self
    }

    /// Sets how long idle connections are kept. Default: 50 s. Use a value below the idle timeout of the server.
    /// [`Duration::MAX`] is no limit.
    #[must_use]
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.connections.pool_idle_timeout = timeout;
        self
    }

    /// Sets how many idle connections per host are kept. Default: 256. HTTP/2 uses one connection for all calls.
    #[must_use]
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.connections.pool_max_idle_per_host = connections;
        self
    }

    /// Sets the HTTP/2 keep-alive: a ping is sent after `interval` without received data, and the connection is closed
    /// if no response arrives within `timeout`. Default: 10 s each. [`Duration::MAX`] as the interval sends no pings;
    /// as the timeout it waits without a limit.
    ///
    /// Pings are sent only while calls are in flight. If an idle connection is dead, the next call on it detects that
    /// by the same pings.
    #[must_use]
    pub fn http2_keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        let timeout = finite(timeout).unwrap_or(LONGEST);
        self.connections.http2_keep_alive = finite(interval).map(|interval| KeepAlive { interval, timeout });
        self
    }

    /// Sets the proxy. Default: none, regardless of the environment. Pass [`Proxy::from_env`] to use the environment
    /// variables.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.connections.proxy = proxy;
        self
    }

    /// Adds trusted root certificates in PEM, one or several. Read by [`build`](Self::build).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.connections.extra_roots.push(ExtraRoot::Pem(pem.into()));
        self
    }

    /// Adds a trusted root certificate in DER. Read by [`build`](Self::build).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn root_certificate_der(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.connections.extra_roots.push(ExtraRoot::Der(der.into()));
        self
    }

    /// Sets the client certificate for servers that request one (mutual TLS), in PEM: the certificate followed by its
    /// intermediates, and the private key. Read by [`build`](Self::build).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn client_certificate_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.connections.client_certificate = Some(ClientCertificate::new(chain.into(), key.into()));
        self
    }
}
