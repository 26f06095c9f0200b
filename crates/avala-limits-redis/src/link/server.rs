//! Address, credentials and certificates of Redis.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisError, Value};

use crate::error::{LimitsError, LimitsErrorKind};

/// One server, or the first nodes of a cluster.
pub(crate) enum Server {
    Single(Box<Client>),
    #[cfg(feature = "cluster")]
    Cluster {
        client: Box<redis::cluster::ClusterClient>,
        passwords: Vec<String>,
    },
}

/// Root certificates in place of Mozilla's, in PEM.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    #[cfg(feature = "tls")]
    pub(crate) root: Option<Vec<u8>>,
    /// Certificate and key of this client.
    #[cfg(feature = "tls")]
    pub(crate) client: Option<(Vec<u8>, Vec<u8>)>,
}

#[cfg(feature = "tls")]
impl Certificates {
    /// Checks that each file has a certificate, because the driver ignores files without one.
    fn check(&self) -> Result<(), LimitsError> {
        let all = self.root.iter().chain(self.client.iter().map(|(certificate, _)| certificate));
        let begin = b"-----BEGIN CERTIFICATE-----";
        if all.into_iter().all(|pem| pem.windows(begin.len()).any(|part| part == begin)) {
            return Ok(());
        }
        let message = "a certificate for Redis is not in PEM: it lacks `-----BEGIN CERTIFICATE-----`";
        Err(LimitsError::new(LimitsErrorKind::Configuration, message))
    }

    fn of_driver(&self) -> Option<redis::TlsCertificates> {
        let client = self.client.clone();
        let client_tls = client.map(|(client_cert, client_key)| redis::ClientTlsConfig { client_cert, client_key });
        let is_set = self.root.is_some() || client_tls.is_some();
        is_set.then(|| redis::TlsCertificates { client_tls, root_cert: self.root.clone() })
    }
}

impl Server {
    pub(crate) fn single(url: &str, certificates: &Certificates) -> Result<Self, LimitsError> {
        check_url(url)?;
        #[cfg(feature = "tls")]
        certificates.check()?;
        #[cfg(feature = "tls")]
        let client = match certificates.of_driver().filter(|_| is_tls(url)) {
            Some(certificates) => Client::build_with_tls(url, certificates),
            None => Client::open(url),
        };
        #[cfg(not(feature = "tls"))]
        let (client, _) = (Client::open(url), certificates);
        client.map(Box::new).map(Self::Single).map_err(|error| invalid(&error))
    }

    /// Creates a cluster client that does not repeat failed commands, because they may have been executed. The
    /// connection is replaced, which also reloads the slots.
    #[cfg(feature = "cluster")]
    pub(crate) fn cluster(
        urls: &[String],
        certificates: &Certificates,
        timeout: Duration,
    ) -> Result<Self, LimitsError> {
        if urls.is_empty() {
            return Err(LimitsError::new(
                LimitsErrorKind::Configuration,
                "a cluster needs the URL of at least one node",
            ));
        }
        urls.iter().try_for_each(|url| check_url(url))?;
        #[cfg(feature = "tls")]
        certificates.check()?;
        let builder = redis::cluster::ClusterClientBuilder::new(urls.iter().map(String::as_str))
            .retries(0)
            .connection_timeout(timeout)
            .response_timeout(timeout);
        #[cfg(feature = "tls")]
        let builder = match certificates.of_driver().filter(|_| urls.iter().any(|url| is_tls(url))) {
            Some(certificates) => builder.certs(certificates),
            None => builder,
        };
        #[cfg(not(feature = "tls"))]
        let _ = certificates;
        let client = builder.build().map(Box::new).map_err(|error| invalid(&error))?;
        let infos = urls.iter().filter_map(|url| redis::IntoConnectionInfo::into_connection_info(url.as_str()).ok());
        let passwords = infos.filter_map(|info| info.redis_settings().password().map(str::to_owned)).collect();
        Ok(Self::Cluster { client, passwords })
    }

    /// Replaces passwords in a text of the server, which may repeat the command that it rejects.
    pub(crate) fn redact(&self, text: String) -> String {
        let passwords: Vec<&str> = match self {
            Self::Single(client) => client.get_connection_info().redis_settings().password().into_iter().collect(),
            #[cfg(feature = "cluster")]
            Self::Cluster { passwords, .. } => passwords.iter().map(String::as_str).collect(),
        };
        let passwords = passwords.into_iter().filter(|password| !password.is_empty());
        passwords.fold(text, |text, password| text.replace(password, "[redacted]"))
    }

    /// Connects, and resolves the host name again.
    pub(crate) async fn connect(&self, timeout: Duration) -> Result<Connection, RedisError> {
        match self {
            Self::Single(client) => {
                // Each use has its own timeout, so the driver needs none.
                let config =
                    AsyncConnectionConfig::new().set_connection_timeout(Some(timeout)).set_response_timeout(None);
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::Single)
            }
            #[cfg(feature = "cluster")]
            Self::Cluster { client, .. } => client.get_async_connection().await.map(Connection::Cluster),
        }
    }
}

/// Omits URLs, which may contain a password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single(_) => "Single",
            #[cfg(feature = "cluster")]
            Self::Cluster { .. } => "Cluster",
        })
    }
}

/// Connection that many calls share.
#[derive(Clone)]
pub(crate) enum Connection {
    Single(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster_async::ClusterConnection),
}

impl Connection {
    pub(crate) async fn query(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Self::Single(connection) => command.query_async(connection).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}

fn is_tls(url: &str) -> bool {
    url.starts_with("rediss://") || url.starts_with("valkeys://")
}

fn check_url(url: &str) -> Result<(), LimitsError> {
    let is_tls = is_tls(url);
    if is_tls && !cfg!(feature = "tls") {
        return Err(LimitsError::new(
            LimitsErrorKind::Configuration,
            "a rediss:// URL needs the feature `tls` of avala-limits-redis",
        ));
    }
    #[cfg(feature = "tls")]
    if is_tls && rustls::crypto::CryptoProvider::get_default().is_none() {
        // The driver uses the default provider of the process, and panics without it. A failure means that it is
        // already set.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    Ok(())
}

/// Creates the error of an invalid URL, without the driver's message, which may contain the URL.
fn invalid(error: &RedisError) -> LimitsError {
    let message = format!("the URL of Redis is invalid ({}); use redis://user:password@host:6379/0", error.category());
    LimitsError::new(LimitsErrorKind::Configuration, message)
}
