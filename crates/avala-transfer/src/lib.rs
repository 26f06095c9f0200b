//! Reliable uploads and downloads for Avala: resumable, bounded in memory, verified.
//!
//! [`Transfers`] is the entry point. Every transfer is data until it is awaited or started, continues after a crash from
//! its state folder, and ends with a report or with an [`Error`] that names the file and what to do.
//!
//! Downloads need a Unix system, whose files can be opened relative to folders without following links. Uploads work
//! everywhere.

mod budget;
mod control;
#[cfg(unix)]
mod download;
mod error;
mod hash;
mod progress;
#[cfg(unix)]
mod public;
mod run;
mod source;
mod state;
mod storage;
mod sync;
mod transfers;
mod upload;

pub use budget::bandwidth::BandwidthLimit;
pub use budget::memory::MemoryBudget;
pub use control::Control;
#[cfg(unix)]
pub use download::builder::{CollectionDownload, Download, ObjectDownload, RevisionDownload};
#[cfg(unix)]
pub use download::names::{NameCollision, NameProbe, NameRules};
#[cfg(unix)]
pub use download::plan::DownloadPlan;
#[cfg(unix)]
pub use download::writer::WriterDownload;
pub use error::{Error, ErrorKind};
pub use hash::Digest;
pub use progress::event::{Event, Events, Phase, Totals};
pub use progress::report::{FileOutcome, FileReport, Report};
pub use run::Run;
pub use sync::compare::{CompareBy, Comparison, Difference};
pub use sync::filter::Filter;
pub use transfers::{Transfers, TransfersBuilder};
pub use upload::dataset::{DatasetReport, DatasetTransfer, DatasetUpload, OnFailure, UploadPlan};
pub use upload::recording::{RecordingReport, RecordingTransfer, RecordingUpload};
