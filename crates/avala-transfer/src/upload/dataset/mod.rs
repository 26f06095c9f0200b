//! Dataset uploads: files and folders that become a dataset.

mod account;
mod checks;
mod create;
mod data_type;
mod file;
mod form;
mod inventory;
mod multipart;
mod official;
mod plan;
mod records;
mod run;
mod settings;
mod uploader;
mod workers;

pub(crate) use account::base_url;
pub use plan::UploadPlan;
pub use run::{DatasetReport, DatasetTransfer};
pub use settings::{DatasetUpload, OnFailure};
