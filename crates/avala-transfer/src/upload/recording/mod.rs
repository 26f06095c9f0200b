//! Uploads of fleet recordings, with the plain and the managed protocol.

mod account;
mod managed;
mod names;
mod official;
mod opened;
mod plain;
mod plan;
mod records;
mod send;
mod session;
mod settings;
mod transfer;

pub use opened::RecordingReport;
pub use plan::RecordingPlan;
pub use settings::RecordingUpload;
pub use transfer::RecordingTransfer;
