//! Limits of one run: a maximum of bytes and of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};

/// Ends a run before it exceeds a limit.
#[derive(Debug)]
pub(crate) struct RunLimit {
    max_bytes: Option<u64>,
    max_time: Option<Duration>,
    started: Instant,
    bytes: AtomicU64,
}

impl RunLimit {
    pub(crate) fn new(max_bytes: Option<u64>, max_time: Option<Duration>) -> Self {
        Self { max_bytes, max_time, started: Instant::now(), bytes: AtomicU64::new(0) }
    }

    /// Counts bytes that were received, and fails instead if they exceed the limit.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), Error> {
        self.check_time()?;
        match self.reserve(bytes) {
            Ok(()) => Ok(()),
            Err(max) => Err(reached(format!("the run has transferred its maximum of {max} bytes"))),
        }
    }

    /// Reserves the bytes of a part before it begins, because the bytes of an incomplete part would be wasted.
    pub(crate) fn claim(self: &Arc<Self>, bytes: u64) -> Result<Claim, Error> {
        self.check_time()?;
        let Err(max) = self.reserve(bytes) else {
            return Ok(Claim { limit: Arc::clone(self), unused: bytes });
        };
        let left = max.saturating_sub(self.bytes.load(Ordering::Relaxed));
        let error = reached(format!(
            "{left} of the {max} bytes that the run may transfer are left, and the next part has {bytes} bytes"
        ));
        if bytes <= max {
            return Err(error);
        }
        Err(error.help(format!("raise the limit to at least {bytes} bytes: a part is sent whole")))
    }

    /// Counts bytes, or returns the limit if they exceed it.
    fn reserve(&self, bytes: u64) -> Result<(), u64> {
        let Some(max) = self.max_bytes else { return Ok(()) };
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= max);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).map(drop).map_err(|_| max)
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

/// Bytes that are reserved for a part. Unsent bytes are returned on drop.
#[derive(Debug)]
pub(crate) struct Claim {
    limit: Arc<RunLimit>,
    unused: u64,
}

impl Claim {
    /// Records how many of the bytes were sent.
    pub(crate) fn used(&mut self, bytes: u64) {
        self.unused = self.unused.saturating_sub(bytes);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.limit.max_bytes.is_some() {
            self.limit.bytes.fetch_sub(self.unused, Ordering::Relaxed);
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
        let limit = RunLimit::new(Some(10), Some(Duration::from_secs(60)));
        limit.take(6).unwrap();
        assert_eq!(limit.take(5).unwrap_err().kind(), ErrorKind::LimitReached);
        limit.take(4).unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        let error = limit.take(0).unwrap_err();
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
        assert_eq!(limit.take(1).unwrap_err().kind(), ErrorKind::LimitReached);
        let error = limit.claim(11).unwrap_err();
        assert!(error.help_text().is_some_and(|help| help.contains("at least 11 bytes")), "{error}");
    }
}
