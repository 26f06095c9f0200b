//! Limits of one run: a maximum of bytes and of time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind};

/// Ends a run before it exceeds its bytes or its time.
///
/// Bytes are claimed before they are requested or sent, so that the other side never sends more than the run may receive.
#[derive(Debug)]
pub(crate) struct RunLimit {
    max_bytes: Option<u64>,
    max_time: Option<Duration>,
    started: Instant,
    bytes: Mutex<Bytes>,
    returned: Notify,
}

#[derive(Debug, Default)]
struct Bytes {
    /// Transferred, or claimed to be.
    taken: u64,
    /// Claimed and not transferred.
    open: u64,
}

impl RunLimit {
    pub(crate) fn new(max_bytes: Option<u64>, max_time: Option<Duration>) -> Self {
        let (bytes, returned) = (Mutex::default(), Notify::new());
        Self { max_bytes, max_time, started: Instant::now(), bytes, returned }
    }

    /// Returns whether the bytes of the run are limited.
    pub(crate) fn has_max_bytes(&self) -> bool {
        self.max_bytes.is_some()
    }

    /// Claims all bytes of a part before it begins: a part that does not fit would be cut, and its bytes wasted.
    pub(crate) fn claim(self: &Arc<Self>, bytes: u64) -> Result<Claim, Error> {
        let mut claim = Claim { limit: Arc::clone(self), unused: 0 };
        claim.resize(bytes)?;
        Ok(claim)
    }

    /// Claims up to `wanted` bytes of something that can be transferred in pieces. Waits while everything is claimed and
    /// some of it may be returned.
    pub(crate) async fn claim_up_to(self: &Arc<Self>, wanted: u64) -> Result<Claim, Error> {
        loop {
            let returned = self.returned.notified();
            self.check_time()?;
            match self.reserve_some(wanted) {
                Some(unused) => return Ok(Claim { limit: Arc::clone(self), unused }),
                None if self.bytes().open > 0 => returned.await,
                None => return Err(self.used_up()),
            }
        }
    }

    /// Claims what is left, at most `wanted`; `None` if nothing is left.
    fn reserve_some(&self, wanted: u64) -> Option<u64> {
        let Some(max) = self.max_bytes else { return Some(wanted) };
        let mut bytes = self.bytes();
        let some = wanted.min(max.saturating_sub(bytes.taken));
        bytes.taken += some;
        bytes.open += some;
        (some > 0 || wanted == 0).then_some(some)
    }

    /// Claims all of `wanted`, or returns the bytes that are left.
    fn reserve(&self, wanted: u64) -> Result<(), u64> {
        let Some(max) = self.max_bytes else { return Ok(()) };
        let mut bytes = self.bytes();
        let left = max.saturating_sub(bytes.taken);
        if wanted > left {
            return Err(left);
        }
        bytes.taken += wanted;
        bytes.open += wanted;
        Ok(())
    }

    fn give_back(&self, unused: u64) {
        if self.max_bytes.is_some() {
            let mut bytes = self.bytes();
            bytes.taken -= unused;
            bytes.open -= unused;
            drop(bytes);
            self.returned.notify_waiters();
        }
    }

    fn used_up(&self) -> Error {
        let max = self.max_bytes.unwrap_or_default();
        reached(format!("the run may transfer {max} bytes, and these are used up"))
    }

    fn bytes(&self) -> MutexGuard<'_, Bytes> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn check_time(&self) -> Result<(), Error> {
        match self.max_time {
            Some(max) if self.started.elapsed() >= max => Err(over(max)),
            _ => Ok(()),
        }
    }

    /// Completes when the time limit is reached; never without a limit.
    pub(crate) async fn time_over(&self) -> Error {
        // A time beyond the range of the clock is no limit.
        let Some((max, end)) = self.max_time.and_then(|max| Some((max, self.started.checked_add(max)?))) else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(end).await;
        over(max)
    }

    /// Runs a step, which is dropped when the time limit is reached.
    pub(crate) async fn within<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            result = step => result,
            error = self.time_over() => Err(error),
        }
    }
}

/// Bytes that are claimed for a part. What was not transferred is returned on drop.
#[derive(Debug)]
pub(crate) struct Claim {
    limit: Arc<RunLimit>,
    unused: u64,
}

impl Claim {
    /// Returns how many bytes are claimed and not transferred.
    pub(crate) fn length(&self) -> u64 {
        self.unused
    }

    /// Changes the claim to this many bytes, which turned out to be the length of what is transferred.
    pub(crate) fn resize(&mut self, bytes: u64) -> Result<(), Error> {
        self.limit.check_time()?;
        if let Some(unused) = self.unused.checked_sub(bytes) {
            self.limit.give_back(unused);
        } else if let Err(left) = self.limit.reserve(bytes - self.unused) {
            let (left, max) = (left + self.unused, self.limit.max_bytes.unwrap_or_default());
            let error = reached(format!(
                "{left} of the {max} bytes that the run may transfer are left, and the next part has {bytes} bytes"
            ));
            let help = format!("raise the limit to at least {bytes} bytes: a part is transferred whole");
            return Err(if bytes > max { error.help(help) } else { error });
        }
        self.unused = bytes;
        Ok(())
    }

    /// Returns the claim and waits until another one is returned, at least in part. Returns whether there is another one.
    pub(crate) async fn others_return(&mut self) -> bool {
        self.limit.give_back(std::mem::take(&mut self.unused));
        let returned = self.limit.returned.notified();
        if self.limit.bytes().open == 0 {
            return false;
        }
        returned.await;
        true
    }

    /// Returns whether a run may transfer so many bytes.
    pub(crate) fn is_possible(&self, bytes: u64) -> bool {
        self.limit.max_bytes.is_none_or(|max| bytes <= max)
    }

    /// Notes how many of the bytes were sent.
    pub(crate) fn used(&mut self, bytes: u64) {
        let used = bytes.min(self.unused);
        self.unused -= used;
        if self.limit.max_bytes.is_some() {
            self.limit.bytes().open -= used;
        }
    }

    /// Counts bytes that were received. Fails if they are more than claimed, and the rest does not fit.
    pub(crate) fn take(&mut self, bytes: u64) -> Result<(), Error> {
        self.limit.check_time()?;
        if let Some(more) = bytes.checked_sub(self.unused) {
            self.limit.reserve(more).map_err(|_| self.limit.used_up())?;
            self.unused = bytes;
        }
        self.used(bytes);
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.unused > 0 || self.limit.max_bytes.is_some() {
            self.limit.give_back(self.unused);
        }
    }
}

fn over(max: Duration) -> Error {
    reached(format!("the run has taken its maximum of {} s", max.as_secs_f64()))
}

fn reached(message: String) -> Error {
    Error::new(ErrorKind::LimitReached, message).help("run the same transfer again, with a new limit: it continues")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_and_time_are_limited() {
        let limit = Arc::new(RunLimit::new(Some(10), Some(Duration::from_secs(60))));
        let mut open = limit.claim(0).unwrap();
        open.take(6).unwrap();
        assert_eq!(open.take(5).unwrap_err().kind(), ErrorKind::LimitReached);
        open.take(4).unwrap();
        assert_eq!(limit.claim_up_to(1).await.unwrap_err().kind(), ErrorKind::LimitReached);
        tokio::time::advance(Duration::from_secs(60)).await;
        let error = open.take(0).unwrap_err();
        assert!(error.is_resumable());
        assert!(error.to_string().contains("60 s"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn step_ends_when_the_time_is_over() {
        let limit = RunLimit::new(None, Some(Duration::from_secs(60)));
        let stalled = limit.within(std::future::pending::<Result<(), Error>>());
        assert_eq!(stalled.await.unwrap_err().kind(), ErrorKind::LimitReached);
        for unlimited in [None, Some(Duration::MAX)] {
            let limit = RunLimit::new(None, unlimited);
            let waiting = tokio::time::timeout(Duration::from_secs(1 << 30), limit.time_over());
            assert!(waiting.await.is_err());
        }
    }

    #[test]
    fn part_beyond_the_limit_is_not_started() {
        let limit = Arc::new(RunLimit::new(Some(10), None));
        let mut first = limit.claim(6).unwrap();
        let error = limit.claim(5).unwrap_err();
        assert!(error.to_string().contains("4 of the 10 bytes"), "{error}");
        first.used(2);
        drop(first);
        let mut second = limit.claim(8).unwrap();
        second.used(8);
        drop(second);
        assert_eq!(limit.claim(1).unwrap_err().kind(), ErrorKind::LimitReached);
        let error = limit.claim(11).unwrap_err();
        assert!(error.help_text().is_some_and(|help| help.contains("at least 11 bytes")), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn claim_waits_for_what_another_one_returns() {
        let limit = Arc::new(RunLimit::new(Some(10), None));
        let mut first = limit.claim_up_to(8).await.unwrap();
        assert_eq!(limit.claim_up_to(8).await.unwrap().length(), 2, "what is left");
        let second = limit.claim_up_to(8).await.unwrap();
        let waiting = tokio::spawn({
            let limit = Arc::clone(&limit);
            async move { limit.claim_up_to(8).await.map(|claim| claim.length()) }
        });
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!waiting.is_finished());
        // The response is shorter than what was requested.
        first.resize(5).unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), 3);
        first.take(5).unwrap();
        drop(second);
        let mut last = limit.claim_up_to(8).await.unwrap();
        last.take(5).unwrap();
        assert_eq!(limit.claim_up_to(1).await.unwrap_err().kind(), ErrorKind::LimitReached);
        assert_eq!(last.take(1).unwrap_err().kind(), ErrorKind::LimitReached);
        drop((first, last));
        let unlimited = Arc::new(RunLimit::new(None, None));
        assert_eq!(unlimited.claim_up_to(u64::MAX).await.unwrap().length(), u64::MAX);
    }
}
