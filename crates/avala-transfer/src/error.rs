//! Errors of transfers.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use avala_transport::redact;
use http::StatusCode;

use crate::progress::event::Totals;

/// Maximum length of a message, in bytes.
const MAX_MESSAGE: usize = 4 * 1024;

/// The error of a transfer: what failed, why, and what to do.
///
/// `Display` is one printable line without secrets and signed URLs. [`kind`](Self::kind) tells programs what to do;
/// [`subject`](Self::subject) names the file, dataset or recording; [`help_text`](Self::help_text) is the remedy for
/// people.
///
/// An error ends a run without losing progress: sent bytes are recorded in the state folder, and the next run of
/// the same transfer continues there. [`is_resumable`](Self::is_resumable) returns whether the same call can succeed
/// without a decision of the caller.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: ErrorKind,
    subject: Option<String>,
    message: String,
    help: Option<String>,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    /// Whether another attempt in the same run can succeed.
    is_transient: bool,
    /// Report of the run until it ended.
    report: Option<Box<Report>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kind of a transfer's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is invalid. Nothing was sent.
    Configuration,
    /// A local file or folder cannot be uploaded, because of its name, a link, a special file, a missing permission, or
    /// no files.
    Source,
    /// A local file changed, grew, shrank or disappeared during the transfer. Its bytes were not mixed.
    SourceChanged,
    /// A local target cannot be written: an unsafe name, a missing permission, a full disk.
    Target,
    /// The state file cannot be read, is from a newer version, or belongs to another transfer.
    State,
    /// Another run holds the destination.
    Locked,
    /// A call of the API failed: see [`Error::api_error`].
    Api,
    /// The storage quota is too small.
    QuotaExceeded,
    /// A response of the API violates the protocol.
    Protocol,
    /// A URL names a host that is not a known storage host.
    StorageHost,
    /// The storage host refused a request, or could not be reached.
    Storage,
    /// The storage has an object of that name and size whose content is unknown or different.
    ContentUnknown,
    /// A hash or length differs from the expected one.
    Integrity,
    /// The remote object changed while it was being downloaded.
    RemoteChanged,
    /// The dataset or recording already exists or has another upload.
    Conflict,
    /// The outcome of a call that must not be repeated is unknown; the caller has to decide.
    Undecided,
    /// The upload of this recording cannot be continued or repeated.
    Stuck,
    /// The server failed to process the upload.
    Processing,
    /// Some files failed; the report lists them.
    Incomplete,
    /// The run reached its limit of bytes or time. The next run continues.
    LimitReached,
    /// The run was cancelled. The next run continues.
    Cancelled,
    /// Reading or writing the state folder failed.
    Io,
}

impl ErrorKind {
    #[doc(hidden)] // The former name of `Cancelled`.
    #[expect(non_upper_case_globals, reason = "it was a variant")]
    pub const Canceled: Self = Self::Cancelled;

    fn describe(self) -> &'static str {
        match self {
            Self::Configuration => "wrong configuration",
            Self::Source => "cannot be uploaded",
            Self::SourceChanged => "changed during the transfer",
            Self::Target => "cannot be written",
            Self::State => "unusable state",
            Self::Locked => "in use",
            Self::Api => "a call of the API failed",
            Self::QuotaExceeded => "quota exceeded",
            Self::Protocol => "invalid response",
            Self::StorageHost => "storage host refused",
            Self::Storage => "the storage failed",
            Self::ContentUnknown => "present, content unknown",
            Self::Integrity => "content mismatch",
            Self::RemoteChanged => "changed during the download",
            Self::Conflict => "conflict",
            Self::Undecided => "outcome unknown",
            Self::Stuck => "the upload cannot be continued",
            Self::Processing => "processing failed",
            Self::Incomplete => "incomplete",
            Self::LimitReached => "limit reached",
            Self::Cancelled => "cancelled",
            Self::Io => "the state folder failed",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl AsRef<str>) -> Self {
        let message = printable(message.as_ref());
        Self(Box::new(Details {
            kind,
            subject: None,
            message,
            help: None,
            status: None,
            retry_after: None,
            is_transient: false,
            report: None,
            source: None,
        }))
    }

    /// Sets the subject of the error: a file, dataset, recording or object.
    pub(crate) fn about(mut self, subject: impl AsRef<str>) -> Self {
        if self.0.subject.is_none() {
            self.0.subject = Some(printable(subject.as_ref()));
        }
        self
    }

    pub(crate) fn about_path(self, path: &Path) -> Self {
        self.about(path.display().to_string())
    }

    /// Sets the remedy.
    pub(crate) fn help(mut self, help: impl AsRef<str>) -> Self {
        self.0.help = Some(printable(help.as_ref()));
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Marks the error as transient: a later attempt of the same run can succeed.
    pub(crate) fn transient(mut self) -> Self {
        self.0.is_transient = true;
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(redact::source(source.into()));
        self
    }

    /// Adds the report of the run until its end.
    pub(crate) fn with_report(mut self, report: Report) -> Self {
        self.0.report = Some(Box::new(report));
        self
    }

    /// Creates the error of a local file that could not be read or written.
    pub(crate) fn io(kind: ErrorKind, action: &str, path: &Path, error: io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "it does not exist".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                "a part of the path is not a folder".to_owned()
            }
            io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
            _ if is_link(&error) => "it is a link".to_owned(),
            _ => error.to_string(),
        };
        let help = match error.kind() {
            io::ErrorKind::PermissionDenied => "give this user access to it",
            io::ErrorKind::ReadOnlyFilesystem => "choose a folder that can be written",
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => {
                "check the path, or choose another one"
            }
            _ if is_link(&error) => "replace the link by its target",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make space, then run the same transfer again: it continues"
            }
            io::ErrorKind::NotFound => "check the path, then run the same transfer again",
            _ => "check the disk, then run the same transfer again",
        };
        Self::new(kind, format!("cannot {action}: {reason}")).about_path(path).help(help).with_source(error)
    }

    /// Creates the error of a call of the API that failed.
    pub(crate) fn api(error: avala_client::Error) -> Self {
        let kind = match error.kind() {
            avala_client::ErrorKind::QuotaExceeded => ErrorKind::QuotaExceeded,
            avala_client::ErrorKind::Decode => ErrorKind::Protocol,
            _ => ErrorKind::Api,
        };
        let message = error.to_string();
        let (status, retry_after) = (error.status(), error.retry_after());
        let mut out = Self::new(kind, message);
        out.0.status = status;
        out.0.retry_after = retry_after;
        out.0.is_transient = error.is_retryable();
        // The client's error is already redacted.
        out.0.source = Some(Box::new(error));
        out
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the run was cancelled").help("run the same transfer again: it continues")
    }

    /// Creates the error of a task of this crate that ended without a result, such as when the runtime shuts down.
    pub(crate) fn aborted() -> Self {
        Self::new(ErrorKind::Cancelled, "the runtime ended the run").help("run the same transfer again: it continues")
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the file, dataset, recording or object of the error.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// Returns what failed and why, without the subject and the remedy.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns what to do.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Returns the status of the response that caused the error.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the wait that the server requested.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the error of the API call, if one caused this error.
    #[must_use]
    pub fn api_error(&self) -> Option<&avala_client::Error> {
        self.0.source.as_deref()?.downcast_ref()
    }

    /// Returns the report of the run until its end, with the failed files; `None` if it ended before the first file.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_deref()
    }

    /// Returns whether running the same transfer again continues it, without a decision or a change by the caller.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        match self.0.kind {
            ErrorKind::LimitReached | ErrorKind::Cancelled | ErrorKind::Io | ErrorKind::Locked => true,
            ErrorKind::Storage | ErrorKind::Api | ErrorKind::Incomplete => self.0.is_transient,
            _ => false,
        }
    }

    /// Returns whether another attempt within the run can succeed.
    pub(crate) fn is_transient(&self) -> bool {
        self.0.is_transient
    }
}

/// Outcome of one file.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileReport {
    /// Path in the dataset, recording or folder.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Outcome.
    pub outcome: FileOutcome,
}

/// Outcome of one file.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileOutcome {
    /// Transferred in this run.
    Transferred,
    /// Done before this run, or already present at the target: nothing was transferred.
    Skipped,
    /// Failed.
    Failed(Error),
    /// Not started before the run ended.
    NotStarted,
}

/// Report of a run.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Every file, in the order of the source.
    pub files: Vec<FileReport>,
    /// Totals at the end.
    pub totals: Totals,
    /// Duration of the run.
    pub elapsed: Duration,
    /// Warnings, each in one line.
    pub warnings: Vec<String>,
}

impl Report {
    /// Returns the files that failed or were not started. Their paths are valid input for the next run.
    pub fn unfinished(&self) -> impl Iterator<Item = &str> {
        let is_unfinished =
            |file: &&FileReport| matches!(file.outcome, FileOutcome::Failed(_) | FileOutcome::NotStarted);
        self.files.iter().filter(is_unfinished).map(|file| file.path.as_str())
    }

    /// Returns the failed files with their errors.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.files.iter().filter_map(|file| match &file.outcome {
            FileOutcome::Failed(error) => Some((file.path.as_str(), error)),
            _ => None,
        })
    }

    /// Returns the number of files that were transferred in this run.
    #[must_use]
    pub fn transferred(&self) -> usize {
        self.files.iter().filter(|file| matches!(file.outcome, FileOutcome::Transferred)).count()
    }

    /// Returns the number of files that were done before this run.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.files.iter().filter(|file| matches!(file.outcome, FileOutcome::Skipped)).count()
    }
}

/// Returns whether a file was not opened because it is a link.
fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::ELOOP);
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// Redacts secrets and signatures, and returns one printable line.
fn printable(text: &str) -> String {
    redact::one_line(&redact::shorten(text, MAX_MESSAGE))
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.describe())?;
        if let Some(subject) = &self.subject {
            write!(f, ": `{subject}`")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Details {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Writes one line like `Display`, and the kind.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {})", self.0.kind, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_one_line_without_secrets() {
        let url = "https://s3.amazonaws.com/b/k?X-Amz-Signature=0123456789abcdef0123456789abcdef";
        let error = Error::new(ErrorKind::Storage, format!("refused {url}")).about("a\nb.bin").help("try again");
        let text = error.to_string();
        assert!(!text.contains("0123456789abcdef"), "{text}");
        assert!(!text.contains('\n'), "{text}");
        assert!(text.starts_with("the storage failed: `a"), "{text}");
        assert!(text.ends_with("; try again"), "{text}");
    }

    #[test]
    fn first_subject_is_kept() {
        let error = Error::new(ErrorKind::Source, "x").about("file").about("folder");
        assert_eq!(error.subject(), Some("file"));
    }
}
