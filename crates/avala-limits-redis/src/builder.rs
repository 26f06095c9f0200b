//! Builder of limits.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_transport::{ApiKey, BaseUrl, ConcurrencyGroup, RateLimit};

use crate::error::{LimitsError, LimitsErrorKind};
use crate::keys::Keys;
use crate::limits::{Inner, RedisLimits};
use crate::link::{Certificates, Link, Script, Server};
use crate::permits::Permits;
use crate::stats::Stats;

/// Builder of [`RedisLimits`].
///
/// | Setting | Default |
/// |---|---|
/// | URL | none: required |
/// | limit | 100 calls per minute, bursts of 2 |
/// | timeout of each use of Redis | 50 ms |
/// | concurrency limits | those in the options of calls: 5 exports |
/// | tokens taken in advance | 64 at most |
/// | shadow mode | off |
/// | prefix of the keys | `avala` |
#[derive(Clone)]
pub struct RedisLimitsBuilder {
    base_url: BaseUrl,
    api_key: ApiKey,
    prefix: String,
    url: Option<String>,
    #[cfg(feature = "cluster")]
    cluster: Option<Vec<String>>,
    certificates: Certificates,
    limit: RateLimit,
    timeout: Duration,
    concurrency: HashMap<ConcurrencyGroup, u32>,
    batch: u32,
    shadow: bool,
}

impl RedisLimits {
    /// Creates a builder of the limits of the account with this base URL and API key.
    #[must_use]
    pub fn builder(base_url: &BaseUrl, api_key: &ApiKey) -> RedisLimitsBuilder {
        RedisLimitsBuilder::new(base_url, api_key)
    }
}

impl RedisLimitsBuilder {
    fn new(base_url: &BaseUrl, api_key: &ApiKey) -> Self {
        Self {
            base_url: base_url.clone(),
            api_key: api_key.clone(),
            prefix: "avala".to_owned(),
            url: None,
            #[cfg(feature = "cluster")]
            cluster: None,
            certificates: Certificates::default(),
            limit: RateLimit::per_minute(100).burst(2),
            timeout: Duration::from_millis(50),
            concurrency: HashMap::new(),
            batch: 64,
            shadow: false,
        }
    }

    /// Sets the URL of Redis, such as `redis://user:password@host:6379/0`, `rediss://` for TLS (feature `tls`), or
    /// `unix:///path`.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets the URLs of some nodes of a Redis Cluster, in place of [`url`](Self::url).
    #[cfg(feature = "cluster")]
    #[must_use]
    pub fn cluster(mut self, urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.cluster = Some(urls.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the root certificates for `rediss://` URLs, in PEM. Default: Mozilla's.
    ///
    /// An invalid certificate is an error of [`build`](Self::build).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.root = Some(pem.into());
        self
    }

    /// Sets the certificate and the key of this client for `rediss://` URLs, in PEM, if the server asks for one.
    /// Default: none.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn client_certificate_pem(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.certificates.client = Some((certificate.into(), key.into()));
        self
    }

    #[cfg(feature = "tls")]
    #[doc(hidden)] // The former name of `root_certificate_pem`.
    #[must_use]
    pub fn root_certificate(self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate_pem(pem)
    }

    #[cfg(feature = "tls")]
    #[doc(hidden)] // The former name of `client_certificate_pem`.
    #[must_use]
    pub fn client_certificate(self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.client_certificate_pem(certificate, key)
    }

    /// Sets the limit of all processes together. Default: 100 calls per minute, with bursts of 2.
    ///
    /// A burst counts towards the limit: the calls per minute without the burst are the rate, so that no minute of the
    /// server has more calls than the limit. A burst of 2 % of the limit loses no more than that. `X-RateLimit-Limit`
    /// replaces the calls per minute, for all processes. Until the server has reported one, processes with different
    /// limits use that of the first.
    #[must_use]
    pub fn limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the timeout of each use of Redis, including connecting. Default: 50 ms. After it, the share of the process
    /// decides.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many calls of a concurrency group all processes together may have in flight. Zero counts as one.
    ///
    /// Default: the limit in the [options](avala_transport::CallOptions::concurrency_limit) of the group's calls, which
    /// `avala-client` sets for calls that create exports. [`connect`](Self::connect) checks the keys of groups that are
    /// set here.
    ///
    /// ```
    /// use avala_limits_redis::RedisLimits;
    /// use avala_transport::{ApiKey, BaseUrl};
    ///
    /// let (base_url, key) = (BaseUrl::parse("https://api.avala.ai")?, ApiKey::new("avk_1f9a")?);
    /// let builder = RedisLimits::builder(&base_url, &key).concurrency_limit("exports",
    /// 3).concurrency_limit("thumbnails", 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn concurrency_limit(mut self, group: impl Into<ConcurrencyGroup>, calls: u32) -> Self {
        self.concurrency.insert(group.into(), calls);
        self
    }

    #[doc(hidden)] // The former limits of two groups.
    #[must_use]
    pub fn permits(self, uploads: u32, exports: u32) -> Self {
        self.concurrency_limit("uploads", uploads).concurrency_limit("exports", exports)
    }

    /// Sets the maximum number of tokens that a busy process takes in advance. Default: 64; zero disables this.
    ///
    /// The tokens are used within 100 ms, and the burst is reduced by the calls that they may add. Unused tokens go
    /// back.
    #[must_use]
    pub fn batch(mut self, tokens: u32) -> Self {
        self.batch = tokens.min(64);
        self
    }

    /// Sets whether calls are only counted in Redis. Default: false.
    ///
    /// The limit in the process then decides every call: pass the whole limit of the process to
    /// [`RateLimiter::shared`](avala_transport::RateLimiter::shared). [`stats`](RedisLimits::stats) returns how many
    /// calls would have waited.
    #[must_use]
    pub fn shadow(mut self, shadow: bool) -> Self {
        self.shadow = shadow;
        self
    }

    /// Sets the prefix of all keys. Default: `avala`. The rest is a hash of base URL and API key.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Builds the limits without using Redis: the first call connects.
    ///
    /// # Errors
    ///
    /// [`Configuration`](LimitsErrorKind::Configuration) if the URL is missing or invalid, or the prefix has a brace.
    pub fn build(self) -> Result<RedisLimits, LimitsError> {
        if self.prefix.contains(['{', '}']) {
            let message = "the prefix contains a brace, which would change the slot of the keys in a cluster";
            return Err(LimitsError::new(LimitsErrorKind::Configuration, message));
        }
        let link = Link::new(self.server()?, self.timeout);
        let keys = Keys::new(&self.prefix, &self.base_url, &self.api_key);
        let permits = Permits::new(Arc::clone(&link), keys.clone(), self.concurrency);
        Ok(RedisLimits(Arc::new(Inner {
            link,
            keys,
            limit: self.limit,
            shadow: self.shadow,
            batch: self.batch,
            script: Script::new(include_str!("scripts/reserve.lua")),
            short_script: Script::new(include_str!("scripts/reserve_short.lua")),
            permits,
            stats: Stats::default(),
            view: Arc::default(),
            queue: Mutex::default(),
        })))
    }

    /// Builds the limits and uses Redis once, to report permanent errors.
    ///
    /// # Errors
    ///
    /// The errors of [`build`](Self::build); a rejected password, a missing permission or command, and a key that
    /// holds another type. A Redis that is unreachable or fails temporarily is not an error.
    pub async fn connect(self) -> Result<RedisLimits, LimitsError> {
        let limits = self.build()?;
        limits.0.link.check().await?;
        match limits.0.exchange(None, None, &[], false, None, 0).await {
            Err(error) if error.is_permanent() => return Err(error),
            Err(_) => {}
            Ok(_) => limits.0.permits.check().await?,
        }
        Ok(limits)
    }

    fn server(&self) -> Result<Server, LimitsError> {
        #[cfg(feature = "cluster")]
        if let Some(urls) = &self.cluster {
            return Server::cluster(urls, &self.certificates, self.timeout.max(Duration::from_secs(1)));
        }
        let missing = || LimitsError::new(LimitsErrorKind::Configuration, "the URL of Redis is missing: set `url`");
        Server::single(self.url.as_deref().ok_or_else(missing)?, &self.certificates)
    }
}

/// Omits the URL, which may contain a password.
impl fmt::Debug for RedisLimitsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimitsBuilder")
            .field("prefix", &self.prefix)
            .field("limit", &self.limit)
            .field("timeout", &self.timeout)
            .field("shadow", &self.shadow)
            .finish_non_exhaustive()
    }
}
