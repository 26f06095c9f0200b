//! Reliable uploads and downloads for Avala: resumable, bounded in memory, verified.
//!
//! [`Transfers`] is the entry point. Every transfer is data until it is awaited or started, continues after a crash from
//! its state folder, and ends with a report or with an [`Error`] that names the file and what to do.

mod budget;
mod control;
mod error;
mod hash;
mod progress;
mod run;
mod source;
mod state;
mod storage;
mod transfers;
mod upload;

pub use budget::bandwidth::BandwidthLimit;
pub use budget::memory::MemoryBudget;
pub use control::Control;
pub use error::{Error, ErrorKind};
pub use hash::Digest;
pub use progress::event::{Event, Events, Phase, Totals};
pub use progress::report::{FileOutcome, FileReport, Report};
pub use run::Run;
pub use transfers::{Transfers, TransfersBuilder};
pub use upload::dataset::{DatasetReport, DatasetTransfer, DatasetUpload, OnFailure, UploadPlan};
pub use upload::recording::{RecordingReport, RecordingTransfer, RecordingUpload};
