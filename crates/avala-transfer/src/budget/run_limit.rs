//! Limits of one run: at most so many bytes, at most so much time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};

/// Ends a run before it exceeds its bytes or its time.
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

    /// Counts bytes before they are sent, and fails instead if they exceed the limit.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), Error> {
        self.check_time()?;
        let Some(max) = self.max_bytes else { return Ok(()) };
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= max);
        match self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(()),
            Err(_) => Err(reached(format!("the run may send {max} bytes, and these are used up"))),
        }
    }

    pub(crate) fn check_time(&self) -> Result<(), Error> {
        match self.max_time {
            Some(max) if self.started.elapsed() >= max => {
                Err(reached(format!("the run may take {} s, and these are over", max.as_secs())))
            }
            _ => Ok(()),
        }
    }
}

fn reached(message: String) -> Error {
    Error::new(ErrorKind::LimitReached, message).help("run the same transfer again when more may be used: it continues")
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
}
