//! The settings that a sandbox starts with.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::{LoggedRequest, RateLimit, Sandbox};

/// What a sandbox holds when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seed {
    /// Something of everything, the same in every run; the names are in [`demo`](crate::demo).
    #[default]
    Demo,
    /// The accounts of [`demo`](crate::demo), and nothing that they own.
    Empty,
}

/// Settings of a sandbox that is about to start; made by [`Sandbox::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use avala_sandbox::{RateLimit, Sandbox, Seed};
///
/// # async fn example() -> std::io::Result<()> {
/// let sandbox = Sandbox::builder()
///     .seed(Seed::Empty)
///     .rate_limit(RateLimit::per_minute(100))
///     .latency(Duration::from_millis(30))
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a sandbox starts with `start`"]
pub struct SandboxBuilder {
    pub(crate) port: u16,
    pub(crate) api_key: String,
    pub(crate) seed: Seed,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) latency: Duration,
    pub(crate) bare_member_lists: bool,
    pub(crate) webhook_retries: Vec<Duration>,
    pub(crate) on_answer: Box<OnAnswer>,
}

/// What is called with each request once it is answered.
pub(crate) type OnAnswer = dyn Fn(&LoggedRequest) + Send + Sync;

impl SandboxBuilder {
    pub(crate) fn new() -> Self {
        Self {
            port: 0,
            api_key: "avk_test".to_owned(),
            seed: Seed::Demo,
            rate_limit: None,
            latency: Duration::ZERO,
            bare_member_lists: false,
            webhook_retries: [1, 5, 25].map(Duration::from_secs).into(),
            on_answer: Box::new(|_| {}),
        }
    }

    /// Listens on this port of 127.0.0.1; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Takes requests with this key; `avk_test` unless set.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    /// Chooses what is there at the start; [`Seed::Demo`] unless set.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// Refuses requests beyond this rate with 429. Unless set, the headers show a limit that nobody reaches.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Holds every answer back for this long. The request itself is processed at once.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Answers lists of members as bare arrays, as some deployments do, and not as pages.
    pub fn bare_member_lists(mut self, bare: bool) -> Self {
        self.bare_member_lists = bare;
        self
    }

    /// Chooses how long a webhook that did not answer 2xx is left alone before each further attempt.
    ///
    /// Unless set, there are three more attempts: after one second, five seconds and 25 seconds.
    pub fn webhook_retries(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.webhook_retries = waits.into_iter().collect();
        self
    }

    /// Calls `observe` with each request once it is answered, as for a log.
    ///
    /// It runs on the server's task and should not block.
    pub fn on_answer(mut self, observe: impl Fn(&LoggedRequest) + Send + Sync + 'static) -> Self {
        self.on_answer = Box::new(observe);
        self
    }

    /// Starts the server on the current Tokio runtime and returns once it listens.
    ///
    /// # Errors
    /// When the port is taken, or the key is empty or cannot be the value of a header ([`io::ErrorKind::InvalidInput`]).
    pub async fn start(self) -> io::Result<Sandbox> {
        Sandbox::start_with(self).await
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("port", &self.port)
            .field("seed", &self.seed)
            .field("rate_limit", &self.rate_limit)
            .field("latency", &self.latency)
            .field("bare_member_lists", &self.bare_member_lists)
            .finish_non_exhaustive()
    }
}
