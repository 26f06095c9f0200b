//! Setters of the builder for connections.

use std::time::Duration;

use crate::builder::TransportBuilder;
#[cfg(feature = "tls")]
use crate::connection_settings::{ClientCertificate, ExtraRoot};
use crate::connection_settings::{KeepAlive, LONGEST, finite};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;

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
    /// [`Duration::MAX`] means no limit.
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
