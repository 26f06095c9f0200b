//! Downloads: exports, items, sequences and public revisions, to files, folders, writers and object stores.

pub(crate) mod archive;
pub(crate) mod builder;
mod content_range;
pub(crate) mod context;
pub(crate) mod dataset;
pub(crate) mod export;
pub(crate) mod file;
mod file_writer;
pub(crate) mod filling;
pub(crate) mod folder;
pub(crate) mod link;
pub(crate) mod listing;
pub(crate) mod names;
#[cfg(feature = "object-store")]
pub(crate) mod object_store;
pub(crate) mod options;
pub(crate) mod own_folders;
mod parallel;
pub(crate) mod part_file;
pub(crate) mod plan;
mod probe;
mod ranges;
pub(crate) mod receive;
mod record;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod run;
mod sequence;
pub(crate) mod session;
pub(crate) mod sink;
mod source;
pub(crate) mod target_error;
mod target_lock;
mod whole;
pub(crate) mod writer;
