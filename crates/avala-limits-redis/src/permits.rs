//! Permits of concurrency groups: leases in Redis.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_transport::{ConcurrencyGroup, StoreCall};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::error::LimitsError;
use crate::keys::Keys;
use crate::link::{Link, Script};
use crate::protocol::WirePermit;

/// Duration of a lease, after which the permit of a killed process expires.
pub(crate) const LEASE: Duration = Duration::from_secs(6);
/// How often a lease is extended.
const RENEWAL: Duration = Duration::from_secs(2);
/// Maximum time until released permits are returned, if no reservation returns them before.
const RELEASE: Duration = Duration::from_millis(5);
/// Maximum number of permits that one reservation returns.
const MOST_RELEASED: usize = 64;
/// How long no permit is granted after the store was lost, so that all holders can present their permits.
pub(crate) const LEARNING: Duration = Duration::from_secs(3);

/// Permits of this process.
#[derive(Debug)]
pub(crate) struct Permits {
    link: Arc<Link>,
    keys: Keys,
    /// Configured limits of groups.
    limits: HashMap<ConcurrencyGroup, u32>,
    /// Random ID of this process, which distinguishes the permits of processes.
    process: u128,
    next: AtomicU64,
    held: Mutex<HashMap<String, (ConcurrencyGroup, Instant)>>,
    /// Permits to release, with the next reservation or soon.
    released: Mutex<Vec<(ConcurrencyGroup, String)>>,
    releasing: AtomicBool,
    renewing: AtomicBool,
    present: Script,
    release: Script,
}

impl Permits {
    pub(crate) fn new(link: Arc<Link>, keys: Keys, limits: HashMap<ConcurrencyGroup, u32>) -> Arc<Self> {
        Arc::new(Self {
            link,
            keys,
            limits,
            process: fastrand::u128(..),
            next: AtomicU64::new(0),
            held: Mutex::default(),
            released: Mutex::default(),
            releasing: AtomicBool::new(false),
            renewing: AtomicBool::new(false),
            present: Script::new(include_str!("scripts/present.lua")),
            release: Script::new(include_str!("scripts/release.lua")),
        })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, (ConcurrencyGroup, Instant)>> {
        // Each entry is written in one step, so the map is valid after a panic.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the permit that a call needs; `None` if its group has no limit. The permit is released when it is
    /// dropped, even if it is unknown whether Redis has granted it.
    pub(crate) fn ask(self: &Arc<Self>, call: &StoreCall) -> Option<HeldPermit> {
        let of_call = || call.concurrency_limit.map(|calls| u32::try_from(calls).unwrap_or(u32::MAX));
        let limit = self.limits.get(&call.group).copied().or_else(of_call)?.max(1);
        let (group, term) = (call.group, call.permit_term);
        let id = format!("{:032x}:{}", self.process, self.next.fetch_add(1, Ordering::Relaxed));
        Some(HeldPermit { permits: Arc::clone(self), group, id, limit, term, asked: AtomicBool::new(false) })
    }

    /// Reads the keys of the configured groups, to report errors that do not pass.
    pub(crate) async fn check(&self) -> Result<(), LimitsError> {
        let count = Script::new("return redis.call('ZCARD', KEYS[1])");
        for group in self.limits.keys() {
            let key = self.keys.permits(*group);
            let fill = |command: &mut redis::Cmd| {
                command.arg(1).arg(&key);
            };
            if let Err(error) = self.link.run(&count, fill).await
                && error.is_permanent()
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Extends the leases of this process, and enters them again after the store was lost.
    async fn present(&self) {
        let groups: BTreeSet<ConcurrencyGroup> = self.held().values().map(|(group, _)| *group).collect();
        for group in groups {
            let now = Instant::now();
            let leases: Vec<(String, u64)> = {
                let mut held = self.held();
                held.retain(|_, (_, ends)| *ends > now);
                let of_group = held.iter().filter(|(_, (of, _))| *of == group);
                of_group.map(|(id, (_, ends))| (id.clone(), micros((*ends - now).min(LEASE)))).collect()
            };
            if leases.is_empty() {
                continue;
            }
            let key = self.keys.permits(group);
            let fill = |command: &mut redis::Cmd| {
                command.arg(2).arg(&key).arg(&self.keys.limits);
                for (id, lease) in &leases {
                    command.arg(id).arg(lease);
                }
            };
            // If this has no effect, the lease expires, and the next renewal enters it again.
            let _ = self.link.run(&self.present, fill).await;
        }
    }

    /// Presents the permits immediately, because the store was lost.
    pub(crate) fn present_soon(self: &Arc<Self>) {
        if let (false, Ok(runtime)) = (self.held().is_empty(), Handle::try_current()) {
            let permits = Arc::clone(self);
            runtime.spawn(async move { permits.present().await });
        }
    }

    fn start_renewing(self: &Arc<Self>) {
        if self.renewing.swap(true, Ordering::AcqRel) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            self.renewing.store(false, Ordering::Release);
            return;
        };
        let renewal = Renewal(Arc::clone(self));
        runtime.spawn(async move {
            while renewal.is_needed() {
                sleep(RENEWAL).await;
                renewal.0.present().await;
            }
        });
    }

    async fn release(&self, group: ConcurrencyGroup, ids: &[String]) {
        let key = self.keys.permits(group);
        let fill = |command: &mut redis::Cmd| {
            command.arg(2).arg(&key).arg(&self.keys.limits).arg(ids);
        };
        // If this has no effect, the lease expires.
        let _ = self.link.run(&self.release, fill).await;
    }

    pub(crate) async fn release_all(&self) {
        let held = std::mem::take(&mut *self.held());
        self.released().extend(held.into_iter().map(|(id, (group, _))| (group, id)));
        self.release_pending().await;
    }

    fn released(&self) -> MutexGuard<'_, Vec<(ConcurrencyGroup, String)>> {
        // Each entry is added and removed in one step, so the list is valid after a panic.
        self.released.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn release_pending(&self) {
        let mut by_group: BTreeMap<ConcurrencyGroup, Vec<String>> = BTreeMap::new();
        for (group, id) in std::mem::take(&mut *self.released()) {
            by_group.entry(group).or_default().push(id);
        }
        for (group, ids) in by_group {
            self.release(group, &ids).await;
        }
    }

    /// Returns the permits of this group that a reservation can release. If it does not, they are released separately.
    pub(crate) fn take_released(self: &Arc<Self>, group: ConcurrencyGroup) -> Released {
        let ids =
            self.released().extract_if(.., |(of, _)| *of == group).map(|(_, id)| id).take(MOST_RELEASED).collect();
        Released { permits: Arc::clone(self), group, ids }
    }

    /// Releases permits soon, unless a reservation releases them first.
    fn release_soon(self: &Arc<Self>, group: ConcurrencyGroup, ids: impl IntoIterator<Item = String>) {
        self.released().extend(ids.into_iter().map(|id| (group, id)));
        let Ok(runtime) = Handle::try_current() else { return };
        if self.releasing.swap(true, Ordering::AcqRel) {
            return;
        }
        let releasing = Releasing(Arc::clone(self));
        runtime.spawn(async move {
            let permits = Arc::clone(&releasing.0);
            sleep(RELEASE).await;
            // Permits that are released after this point start another task.
            drop(releasing);
            permits.release_pending().await;
        });
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Permits that a reservation releases. If it does not, they are released on drop.
pub(crate) struct Released {
    permits: Arc<Permits>,
    group: ConcurrencyGroup,
    ids: Vec<String>,
}

impl Released {
    pub(crate) fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Records that the permits were released.
    pub(crate) fn settle(mut self) {
        self.ids.clear();
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        if !self.ids.is_empty() {
            self.permits.release_soon(self.group, std::mem::take(&mut self.ids));
        }
    }
}

/// Allows the next task that releases permits to start, even if the runtime of this one ends.
struct Releasing(Arc<Permits>);

impl Drop for Releasing {
    fn drop(&mut self) {
        self.0.releasing.store(false, Ordering::Release);
    }
}

/// Allows the next renewal to start, even if the runtime of this one ends.
struct Renewal(Arc<Permits>);

impl Renewal {
    fn is_needed(&self) -> bool {
        if !self.0.held().is_empty() {
            return true;
        }
        self.0.renewing.store(false, Ordering::Release);
        // A permit that was added meanwhile has relied on this renewal.
        !self.0.held().is_empty() && !self.0.renewing.swap(true, Ordering::AcqRel)
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.renewing.store(false, Ordering::Release);
    }
}

/// A requested or held permit. Dropping it releases it.
#[derive(Debug)]
pub(crate) struct HeldPermit {
    permits: Arc<Permits>,
    group: ConcurrencyGroup,
    id: String,
    limit: u32,
    term: Duration,
    asked: AtomicBool,
}

impl HeldPermit {
    pub(crate) fn wire(&self) -> WirePermit {
        self.asked.store(true, Ordering::Relaxed);
        WirePermit {
            group: self.group,
            key: self.permits.keys.permits(self.group),
            id: self.id.clone(),
            permits: self.limit,
            lease: LEASE.min(self.term),
        }
    }

    /// Records whether Redis granted the permit. Until then, dropping the permit releases it.
    pub(crate) fn settle(&self, granted: bool) {
        self.asked.store(granted, Ordering::Relaxed);
    }

    /// Records that the call is sent with the permit: its lease is extended until its term ends.
    pub(crate) fn confirm(&self) {
        let ends =
            Instant::now().checked_add(self.term).unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
        self.permits.held().insert(self.id.clone(), (self.group, ends));
        self.permits.start_renewing();
    }
}

impl Drop for HeldPermit {
    fn drop(&mut self) {
        self.permits.held().remove(&self.id);
        if self.asked.load(Ordering::Relaxed) {
            self.permits.release_soon(self.group, [std::mem::take(&mut self.id)]);
        }
    }
}
