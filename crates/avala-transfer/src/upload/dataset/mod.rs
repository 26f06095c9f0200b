//! Dataset uploads: files and folders that become a dataset.

mod account;
mod create;
mod data_type;
mod file;
mod form;
mod multipart;
mod official;
mod plan;
mod records;
mod run;
mod settings;

pub(crate) use account::base_url;
pub use plan::UploadPlan;
pub use run::{DatasetReport, DatasetTransfer};
pub use settings::{DatasetUpload, OnFailure};
