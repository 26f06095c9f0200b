//! Stamps of files, which show whether a file changed.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Size and times of a file.
///
/// A different stamp means that the content may have changed and has to be read again. Inode and device are
/// not part of the stamp, because copies, restores and network file systems change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i64,
    /// Last change of content or metadata, in nanoseconds since 1970; 0 if the system does not have it.
    pub(crate) changed: i64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().map_or(0, nanoseconds);
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt;
            metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let changed = 0;
        Self { size: metadata.len(), modified, changed }
    }

    /// Returns whether a write right after `now` could leave the stamp unchanged, because the clock of the file system
    /// is coarse. Then only another read proves that the content is the same.
    pub(crate) fn is_racy(&self, now: SystemTime) -> bool {
        let last = self.modified.max(self.changed);
        let coarse = self.modified % 1_000_000_000 == 0 && self.changed % 1_000_000_000 == 0;
        let margin = if coarse { Duration::from_secs(2) } else { Duration::from_millis(50) };
        nanoseconds(now).saturating_sub(last) <= i64::try_from(margin.as_nanos()).unwrap_or(i64::MAX)
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    let signed = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_stamp_is_racy() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let stamp = |nanoseconds| Stamp { size: 1, modified: nanoseconds, changed: nanoseconds };
        assert!(stamp(1_000_000_000_000).is_racy(now));
        assert!(stamp(999_990_000_000).is_racy(now));
        assert!(!stamp(999_900_000_001).is_racy(now));
        assert!(stamp(998_000_000_000).is_racy(now), "whole seconds: a coarse clock");
        assert!(!stamp(997_000_000_000).is_racy(now));
        assert!(stamp(1_001_000_000_001).is_racy(now), "from the future");
    }
}
