//! Local files and folders to upload.

pub(crate) mod names;
pub(crate) mod open;
pub(crate) mod stamp;
pub(crate) mod walk;
