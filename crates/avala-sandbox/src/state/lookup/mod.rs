//! Lookups and changes that span tables: a file for each resource.

mod accounts;
mod annotation_issue;
mod consensus;
mod dataset;
mod export;
mod manual_upload;
mod organization;
mod public_dataset;
mod quality_target;
mod slice;
mod storage;

pub(crate) use storage::export_key;
