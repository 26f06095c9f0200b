//! Final reports of runs.

use std::time::Duration;

use crate::error::Error;
use crate::progress::event::Totals;

/// What became of one file.
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
    /// Done before this run, or present at the other side: nothing was transferred.
    Skipped,
    /// Failed.
    Failed(Error),
    /// Not begun, because the run ended before.
    NotStarted,
}

/// What a run did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Every file, in the order of the source.
    pub files: Vec<FileReport>,
    /// Totals at the end.
    pub totals: Totals,
    /// Duration of the run.
    pub elapsed: Duration,
    /// Things that the caller should know, each in one line.
    pub warnings: Vec<String>,
}

impl Report {
    /// Returns the files that failed or were not begun, which are valid input for the next run.
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

    /// Returns how many files were transferred in this run.
    #[must_use]
    pub fn transferred(&self) -> usize {
        self.files.iter().filter(|file| matches!(file.outcome, FileOutcome::Transferred)).count()
    }

    /// Returns how many files were done before.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.files.iter().filter(|file| matches!(file.outcome, FileOutcome::Skipped)).count()
    }
}
