//! Pauses and cancels a run.

use tokio::sync::watch;

use crate::error::Error;

/// Pauses, resumes and cancels a run. Clones control the same run.
///
/// A paused run keeps its state and sends nothing; its timeouts do not run. A cancelled run stops at
/// once with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled); the next run of the same transfer continues.
///
/// ```
/// let control = avala_transfer::Control::new();
/// control.pause();
/// assert!(control.is_paused());
/// control.resume();
/// ```
#[derive(Clone, Debug)]
pub struct Control(watch::Sender<Mode>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Running,
    Paused,
    Cancelled,
    /// The run has ended; threads may still write its last record.
    Ended,
}

impl Mode {
    fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Ended)
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}

impl Control {
    /// Creates the control of a run that is neither paused nor cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(Mode::Running))
    }

    /// Pauses the run: no further byte is sent or written until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.set(Mode::Paused);
    }

    /// Continues a paused run.
    pub fn resume(&self) {
        self.set(Mode::Running);
    }

    /// Cancels the run. It cannot be resumed; start it again instead.
    pub fn cancel(&self) {
        self.set(Mode::Cancelled);
    }

    /// Records that the run has ended.
    pub(crate) fn end(&self) {
        self.set(Mode::Ended);
    }

    /// Returns whether the run was cancelled or has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.0.borrow().is_over()
    }

    fn set(&self, mode: Mode) {
        self.0.send_if_modified(|current| {
            let changes = !current.is_over() && *current != mode;
            if changes {
                *current = mode;
            }
            changes
        });
    }

    /// Returns whether the run is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        *self.0.borrow() == Mode::Paused
    }

    /// Returns whether the run was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow() == Mode::Cancelled
    }

    #[doc(hidden)] // The former name of `is_cancelled`.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.is_cancelled()
    }

    /// Waits while the run is paused; fails when it is cancelled.
    pub(crate) async fn gate(&self) -> Result<(), Error> {
        if *self.0.borrow() == Mode::Running {
            return Ok(());
        }
        let mut modes = self.0.subscribe();
        // The sender is `self`, so it cannot be dropped.
        match modes.wait_for(|mode| *mode != Mode::Paused).await.map(|mode| *mode) {
            Ok(Mode::Running) => Ok(()),
            _ => Err(Error::cancelled()),
        }
    }

    /// Completes when the run is cancelled.
    pub(crate) async fn cancelled(&self) {
        let mut modes = self.0.subscribe();
        if modes.wait_for(|mode| *mode == Mode::Cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test(start_paused = true)]
    async fn paused_run_waits_until_it_is_resumed() {
        let control = Control::new();
        control.gate().await.unwrap();
        control.pause();
        assert!(timeout(Duration::from_secs(3600), control.gate()).await.is_err());
        let waiter = tokio::spawn({
            let control = control.clone();
            async move { control.gate().await }
        });
        tokio::task::yield_now().await;
        control.resume();
        waiter.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn cancelled_run_stays_cancelled() {
        let control = Control::new();
        control.pause();
        control.cancel();
        control.resume();
        control.cancelled().await;
        assert_eq!(control.gate().await.unwrap_err().kind(), ErrorKind::Cancelled);
        assert!(control.is_cancelled());
    }
}
