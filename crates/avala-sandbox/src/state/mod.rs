//! Data of a sandbox. It does not depend on requests or the server.

pub(crate) mod accounts;
pub(crate) mod agent;
pub(crate) mod annotation_issue;
pub(crate) mod assign;
pub(crate) mod auto_label_job;
pub(crate) mod clock;
pub(crate) mod consensus;
pub(crate) mod dataset;
pub(crate) mod export;
pub(crate) mod fleet;
pub(crate) mod hex;
pub(crate) mod issue_tools;
pub(crate) mod lookup;
pub(crate) mod manual_upload;
pub(crate) mod organization;
pub(crate) mod public_dataset;
pub(crate) mod quality_target;
pub(crate) mod slice;
pub(crate) mod slug;
pub(crate) mod storage;
pub(crate) mod storage_config;
pub(crate) mod table;
pub(crate) mod tables;
pub(crate) mod webhook;
