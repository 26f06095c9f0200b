//! The error of the agent runtime.

use std::fmt;

use crate::summary::Summary;

/// Any error of a handler, a journal or a claim store.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error that ends the agent runtime, or rejects its configuration.
///
/// Errors of handlers do not end the runtime: the execution is retried, then parked. Temporary failures of the API
/// are retried with backoff. [`kind`](AgentError::kind) says what to do; the cause is the `source`.
#[derive(Debug)]
pub struct AgentError {
    kind: AgentErrorKind,
    message: String,
    source: Option<BoxError>,
    summary: Option<Summary>,
}

/// The kind of an [`AgentError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AgentErrorKind {
    /// A setting is invalid, such as a missing handler. Correct the program.
    Configuration,
    /// The agent could not be registered: see the source.
    Registration,
    /// Several agents have this name and project: pass the UID of one.
    Ambiguous,
    /// The API key was rejected (401) or lacks permission (403).
    Unauthorized,
    /// The agent was deleted on the server while it ran.
    Deleted,
    /// The journal cannot be opened, read or written: another process holds it, its disk is full, or the file is not a
    /// journal of this version.
    Journal,
    /// The claim store failed in a run that ends by itself. What was not claimed waits at the server: run again.
    Claims,
    /// A run that ends by itself could not finish: a page of the list, or the delivery of decisions, failed again and
    /// again for minutes. [`summary`](AgentError::summary) says what was done. The rest waits at the server and in the
    /// journal: run again.
    Incomplete,
}

impl AgentError {
    pub(crate) fn new(kind: AgentErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None, summary: None }
    }

    /// Creates a failure of the journal while the agent runs.
    pub(crate) fn journal(source: BoxError) -> Self {
        Self::new(AgentErrorKind::Journal, "the journal failed; no decision is sent without it").with_source(source)
    }

    /// Returns the error of the API, if it is the cause and may be temporary.
    pub(crate) fn into_retryable(self) -> Result<avala_client::Error, Self> {
        match self.source.map(<dyn std::error::Error + Send + Sync>::downcast::<avala_client::Error>) {
            Some(Ok(error)) if error.is_retryable() => Ok(*error),
            Some(Ok(error)) => Err(Self { source: Some(error), ..Self::new(self.kind, self.message) }),
            Some(Err(source)) => Err(Self { source: Some(source), ..Self::new(self.kind, self.message) }),
            None => Err(Self { source: None, ..Self::new(self.kind, self.message) }),
        }
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn with_summary(mut self, summary: Summary) -> Self {
        self.summary = Some(summary);
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> AgentErrorKind {
        self.kind
    }

    /// Returns what the run did before it ended with this error; `None` if it had not begun to poll.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        self.summary
    }

    /// Returns the error of the API, if it is the cause.
    #[must_use]
    pub fn api_error(&self) -> Option<&avala_client::Error> {
        self.source.as_ref()?.downcast_ref()
    }
}

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for AgentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
