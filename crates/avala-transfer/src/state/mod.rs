//! State of transfers on disk: one folder, one lock and one journal per destination.

pub(crate) mod file;
pub(crate) mod folder;
pub(crate) mod holder;
pub(crate) mod journal;
pub(crate) mod lock;
