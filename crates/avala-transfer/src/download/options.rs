//! Settings of a download.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::names::NameProbe;
use super::probe::FileProbe;
use crate::sync::compare::CompareBy;
use crate::sync::filter::Filter;

/// Connections per file.
const CONNECTIONS: usize = 4;
/// Number of concurrent files.
const FILES: usize = 8;

/// Settings of one run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) filter: Filter,
    pub(crate) compare: CompareBy,
    pub(crate) is_immutable: bool,
    /// Maximum number of extra files of the target to delete; `None` deletes no files.
    pub(crate) delete_extra: Option<u64>,
    pub(crate) stops_at_failure: bool,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_time: Option<Duration>,
    pub(crate) connections: usize,
    pub(crate) files: usize,
    pub(crate) probe: Arc<dyn NameProbe>,
    pub(crate) tests_archive: bool,
    /// The state folder and the content store, whose files do not belong to the target.
    pub(crate) own_folders: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            filter: Filter::new(),
            compare: CompareBy::default(),
            is_immutable: false,
            delete_extra: None,
            stops_at_failure: false,
            max_bytes: None,
            max_time: None,
            connections: CONNECTIONS,
            files: FILES,
            probe: Arc::new(FileProbe),
            tests_archive: false,
            own_folders: Vec::new(),
        }
    }
}
