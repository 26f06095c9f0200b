//! Waiting for something that takes its time.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::call::{Call, debug_request, endpoint};
use crate::error::Error;
use crate::meta::Answer;

/// The shortest pause between two looks: more often only costs calls.
const MIN_INTERVAL: Duration = Duration::from_millis(500);

/// How far a thing is that is waited for.
pub(crate) enum Progress {
    /// It is there.
    Ready,
    /// It ended, and will never be there.
    Failed(String),
    /// Not yet; the status in the server's words.
    Running(String),
}

/// Waits until a thing is ready, by looking at it again and again.
///
/// A look that fails for a passing reason does not end the wait: the deadline does.
///
/// ```
/// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
/// use std::time::Duration;
///
/// let export = avala.exports().wait("e1").interval(Duration::from_secs(5)).deadline(Duration::from_secs(600)).await?;
/// println!("{}", export.download_url.unwrap_or_default());
/// # Ok(())
/// # }
/// ```
#[must_use = "it does not wait until it is awaited"]
pub struct Wait<T> {
    call: Call<T>,
    interval: Duration,
    deadline: Duration,
    progress: fn(&T) -> Progress,
}

impl<T> Wait<T> {
    pub(crate) fn new(call: Call<T>, interval: Duration, deadline: Duration, progress: fn(&T) -> Progress) -> Self {
        Self { call, interval, deadline, progress }
    }

    /// Pauses this long between two looks, half a second at the least.
    pub fn interval(mut self, pause: Duration) -> Self {
        self.interval = pause.max(MIN_INTERVAL);
        self
    }

    /// Waits no longer than this, then fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout).
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = time;
        self
    }
}

impl<T: Send + 'static> Wait<T> {
    async fn run(self) -> Result<T, Error> {
        let Self { call, interval, deadline, progress } = self;
        let started = Instant::now();
        let mut status = None;
        let mut looks = 0_u32;
        loop {
            // A look may not outlast the wait; without a request there is no time limit to set, and an error to give.
            let left = deadline.saturating_sub(started.elapsed());
            let look = match call.request.as_ref().ok().and_then(|request| request.options.timeout) {
                Some(time) => call.clone().deadline(time.min(left)),
                None if left < call.avala.timeout() => call.clone().deadline(left),
                None => call.clone(),
            };
            looks += 1;
            let failed = match look.with_meta().await {
                Ok(Answer { value, meta }) => match progress(&value) {
                    Progress::Ready => return Ok(value),
                    Progress::Failed(message) => return Err(Error::job_failed(endpoint(&call.request), meta, message)),
                    Progress::Running(now) => {
                        status = Some(now);
                        None
                    }
                },
                Err(error) if error.is_retryable() => Some(error),
                Err(error) => return Err(error),
            };
            let pause = failed.as_ref().and_then(Error::retry_after).unwrap_or_default().max(interval);
            if started.elapsed().saturating_add(pause) >= deadline {
                let status = status.as_deref().unwrap_or("unknown");
                let message = format!(
                    "after {:.1} s and {looks} looks its status is still `{status}`",
                    started.elapsed().as_secs_f64()
                );
                return Err(Error::wait_timeout(endpoint(&call.request), message, started.elapsed(), failed));
            }
            sleep(pause).await;
        }
    }
}

impl<T: Send + 'static> IntoFuture for Wait<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<T> fmt::Debug for Wait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_request("Wait", &self.call.request, f)
    }
}
