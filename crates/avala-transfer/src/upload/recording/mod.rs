//! Uploads of fleet recordings: the plain protocol here, the managed one in `managed`.

mod account;
mod managed;
mod names;
mod official;
mod plain;
mod records;
mod send;
mod session;
mod settings;
mod transfer;

pub use settings::RecordingUpload;
pub use transfer::{RecordingReport, RecordingTransfer};
