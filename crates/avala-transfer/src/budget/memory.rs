//! Memory budget of transfers.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Unit in which the budget is counted, in bytes.
const UNIT: u64 = 4 * 1024;

/// Memory budget of transfers: how many bytes of files they may hold at once. Clones share it.
///
/// The default is 64 MiB, or a quarter of the memory limit of the process's cgroup if that is less. It does not depend
/// on the number of files and parts: a part is streamed from or to its file, and holds at most 2 MiB at a time. If no
/// memory is free, a transfer waits.
///
/// ```
/// let shared = avala_transfer::MemoryBudget::new(16 << 20);
/// // Give `shared.clone()` to several `Transfers` of one process.
/// assert_eq!(shared.total(), 16 << 20);
/// ```
#[derive(Clone)]
pub struct MemoryBudget {
    total: u64,
    units: Arc<Semaphore>,
}

impl Default for MemoryBudget {
    fn default() -> Self {
        let limit = cgroup_limit(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup"));
        Self::new(limit.map_or(Self::DEFAULT, |limit| Self::DEFAULT.min(limit / 4)))
    }
}

impl MemoryBudget {
    /// The default, in bytes: 64 MiB.
    pub const DEFAULT: u64 = 64 << 20;
    /// The smallest budget, in bytes: 1 MiB. A smaller value counts as this one.
    pub const MIN: u64 = 1 << 20;

    /// Creates a budget of `bytes`.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let total = bytes.max(Self::MIN);
        let units = usize::try_from(total / UNIT).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { total, units: Arc::new(Semaphore::new(units)) }
    }

    /// Returns the budget in bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns the number of free bytes.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.units.available_permits() as u64 * UNIT
    }

    /// Waits for memory. A request for more than the budget gets the whole budget.
    ///
    /// Only tasks of this crate wait here, and the runtime polls them; so a future of a user that is not polled cannot
    /// block the queue.
    pub(crate) async fn take(&self, bytes: u64) -> Memory {
        let units = bytes.min(self.total).div_ceil(UNIT).min(self.total / UNIT);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        Memory(Arc::clone(&self.units).acquire_many_owned(units).await.ok())
    }
}

/// Memory that is returned to its budget when dropped.
#[derive(Debug)]
pub(crate) struct Memory(#[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>);

/// Returns the smallest memory limit of the process's cgroup (version 2) and its parents, in bytes.
fn cgroup_limit(membership: &Path, root: &Path) -> Option<u64> {
    let membership = std::fs::read_to_string(membership).ok()?;
    let group = membership.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limit = |folder: &Path| std::fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse::<u64>().ok();
    let own = root.join(group);
    own.ancestors().take_while(|folder| folder.starts_with(root)).filter_map(limit).min()
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget").field("total", &self.total).field("free", &self.free()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn memory_is_returned_when_dropped() {
        let budget = MemoryBudget::new(1 << 20);
        let all = budget.take(100 << 20).await;
        assert_eq!(budget.free(), 0);
        let waiter = tokio::spawn({
            let budget = budget.clone();
            async move { budget.take(1).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        drop(all);
        let one = waiter.await.unwrap();
        assert_eq!(budget.free(), (1 << 20) - UNIT);
        drop(one);
    }

    #[test]
    fn smallest_cgroup_limit_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (membership, root) = (folder.path().join("cgroup"), folder.path().join("fs"));
        fs::write(&membership, "0::/pod/main\n").unwrap();
        fs::create_dir_all(root.join("pod/main")).unwrap();
        assert_eq!(cgroup_limit(&membership, &root), None);
        fs::write(root.join("pod/main/memory.max"), "max\n").unwrap();
        fs::write(root.join("pod/memory.max"), "134217728\n").unwrap();
        assert_eq!(cgroup_limit(&membership, &root), Some(128 << 20));
    }
}
