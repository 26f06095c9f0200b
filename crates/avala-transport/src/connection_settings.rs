//! Settings of the pooled HTTP client.

use std::time::Duration;

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

/// Maximum duration that the HTTP library can add to a clock: about 30 years.
pub(crate) const LONGEST: Duration = Duration::from_secs(1 << 30);

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

#[cfg(feature = "tls")]
/// Root certificate that the user adds.
#[derive(Debug, Clone)]
pub(crate) enum ExtraRoot {
    Pem(Vec<u8>),
    Der(Vec<u8>),
}

#[cfg(feature = "tls")]
/// Client certificate chain and private key, in PEM.
#[derive(Clone)]
pub(crate) struct ClientCertificate {
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

#[cfg(feature = "tls")]
impl ClientCertificate {
    pub(crate) fn new(chain: Vec<u8>, key: Vec<u8>) -> Self {
        Self { chain, key }
    }
}

#[cfg(feature = "tls")]
impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(redacted)")
    }
}
