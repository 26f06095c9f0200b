//! Waiting for jobs, by polling.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use avala_transport::Sent;
use futures_core::Stream;
use http::StatusCode;
use tokio::time::{Instant, sleep};

use crate::call::Call;
use crate::error::Error;
use crate::meta::{Meta, Response};
use crate::options::call_options;
use crate::request::Request;

/// Minimum polling interval.
const MIN_INTERVAL: Duration = Duration::from_millis(500);

/// How long after the start of a wait a 404 can be replication lag: the resource was created a moment ago.
const LAG: Duration = Duration::from_secs(5);

/// Maximum pause before a 404 is retried.
const LAG_PAUSE: Duration = Duration::from_secs(2);

/// Job progress, as the function of [`Call::wait_with`] reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The job is done: the wait returns the value.
    Ready,
    /// The job failed: the wait fails with [`ErrorKind::JobFailed`](crate::ErrorKind::JobFailed) and this message.
    Failed(String),
    /// The job is still running. Its status, if there is one, is in the message of a timeout.
    Running(Option<String>),
}

type Judge<T> = dyn FnMut(&T) -> Progress + Send + Sync;
type Observer<T> = dyn FnMut(&T) + Send + Sync;

/// A wait for a job, which polls until it is done. Created by the `wait` methods of resources and by
/// [`Call::wait_until`].
///
/// A poll that fails with a [retryable](Error::is_retryable) error does not end the wait: its timeout does. A 404
/// within 5 seconds of the start is retried once, because a resource that was just created may not be visible
/// on every server yet; if the timeout leaves no time for that, the 404 is the result.
///
/// The options of a call, such as [`header`](Self::header), apply to each poll.
///
/// ```
/// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
/// use std::time::Duration;
///
/// let wait = avala.exports().wait("e1").poll_interval(Duration::from_secs(5)).timeout(Duration::from_secs(600));
/// let export = wait.on_progress(|export| println!("{:?}", export.status)).await?;
/// println!("{}", export.download_url.unwrap_or_default());
/// # Ok(())
/// # }
/// ```
#[must_use = "a wait does nothing until it is awaited"]
pub struct Wait<T> {
    call: Call<T>,
    interval: Duration,
    timeout: Duration,
    judge: Box<Judge<T>>,
    on_progress: Option<Box<Observer<T>>>,
    polls: Polls,
}

/// State of a wait between its polls.
#[derive(Default)]
struct Polls {
    started: Option<Instant>,
    count: u32,
    /// What the polls may have sent.
    sent: Option<Sent>,
    /// The last status that a poll returned.
    status: Option<String>,
    /// Whether a poll has succeeded.
    has_value: bool,
    was_not_found: bool,
    /// The pause that is due before the next poll, and the error of the poll before.
    pause: Option<(Duration, Option<Error>)>,
}

/// The value of one poll, and the progress of the job.
struct Polled<T> {
    value: T,
    progress: Progress,
    meta: Meta,
}

impl<T> Wait<T> {
    pub(crate) fn new(
        call: Call<T>,
        interval: Duration,
        timeout: Duration,
        judge: impl FnMut(&T) -> Progress + Send + Sync + 'static,
    ) -> Self {
        Self { call, interval, timeout, judge: Box::new(judge), on_progress: None, polls: Polls::default() }
    }

    /// Sets the pause between two polls, at least 0.5 seconds.
    pub fn poll_interval(mut self, pause: Duration) -> Self {
        self.interval = pause.max(MIN_INTERVAL);
        self
    }

    #[doc(hidden)] // The former name of `poll_interval`.
    pub fn interval(self, pause: Duration) -> Self {
        self.poll_interval(pause)
    }

    /// Sets the timeout of the whole wait. It fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) then; the
    /// message has the last status, and the source is the error of the last poll if it failed.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    #[doc(hidden)] // The former name of `timeout`.
    pub fn deadline(self, time: Duration) -> Self {
        self.timeout(time)
    }

    /// Calls a function with the value of every poll that succeeds, including the last one.
    ///
    /// It runs between two polls and should not block. A second function replaces the first one.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let wait = avala.exports().wait("e1").on_progress(|export| println!("{:?}", export.status));
    /// let export = wait.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_progress(mut self, observer: impl FnMut(&T) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Box::new(observer));
        self
    }

    /// Streams the value of every poll that succeeds, and ends after the last one.
    ///
    /// The last item is the finished job, or the error that ends the wait: for a job that failed, its last value and
    /// then the error.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut states = avala.exports().wait("e1").states();
    /// while let Some(export) = states.next().await {
    ///     println!("{:?}", export?.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn states(self) -> WaitStates<T> {
        WaitStates(State::Idle(Box::new(self)))
    }

    fn request_mut(&mut self) -> &mut Request {
        self.call.request_mut()
    }
}

call_options!(Wait<T>);

/// Waiting.
impl<T, F> Call<T, F> {
    /// Repeats the call until a predicate accepts its value: every 5 seconds, for at most 10 minutes.
    ///
    /// The predicate sees the value of each poll; the wait returns the accepted one. [`Wait`] says which errors end it.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::TaskStatus;
    ///
    /// let task = avala.tasks().get("t1").wait_until(|task| task.status == Some(TaskStatus::Completed)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_until(self, mut predicate: impl FnMut(&T) -> bool + Send + Sync + 'static) -> Wait<T> {
        self.wait_with(move |value| if predicate(value) { Progress::Ready } else { Progress::Running(None) })
    }

    /// Repeats the call until a function reports that the job is done or failed, like [`wait_until`](Self::wait_until).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala, uid: &str) -> Result<(), avala_client::Error> {
    /// use avala_client::{Method, Progress};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Job { state: String }
    ///
    /// let call = avala.request(Method::GET, "/beta/jobs/").path([uid]).decode_as::<Job>();
    /// let job = call.wait_with(|job| match &*job.state {
    ///     "done" => Progress::Ready,
    ///     "failed" => Progress::Failed("the beta job failed".to_owned()),
    ///     state => Progress::Running(Some(state.to_owned())),
    /// });
    /// println!("{}", job.await?.state);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_with(self, judge: impl FnMut(&T) -> Progress + Send + Sync + 'static) -> Wait<T> {
        Wait::new(self.filtered(), Duration::from_secs(5), Duration::from_secs(600), judge)
    }
}

impl<T: Send + 'static> Wait<T> {
    async fn run(mut self) -> Result<T, Error> {
        loop {
            let Polled { value, progress, meta } = self.poll().await?;
            match progress {
                Progress::Ready => return Ok(value),
                Progress::Failed(message) => return Err(self.job_failed(meta, message)),
                Progress::Running(_) => {}
            }
        }
    }

    fn job_failed(&self, meta: Meta, message: String) -> Error {
        Error::job_failed(&self.call.request.endpoint, meta, message)
    }

    /// Polls until a poll succeeds, after the pause that is due.
    async fn poll(&mut self) -> Result<Polled<T>, Error> {
        let started = *self.polls.started.get_or_insert_with(Instant::now);
        loop {
            if let Some((pause, failed)) = self.polls.pause.take() {
                if started.elapsed().saturating_add(pause) >= self.timeout {
                    return Err(match failed {
                        // The resource does not seem to exist: waiting longer would not help.
                        Some(error) if error.is_not_found() => error,
                        failed => self.timed_out(started.elapsed(), failed),
                    });
                }
                sleep(pause).await;
            }
            if self.timeout.is_zero() {
                return Err(self.timed_out(started.elapsed(), None));
            }
            self.polls.count = self.polls.count.saturating_add(1);
            let error = match self.next_call(started).with_meta().await {
                Ok(Response { value, meta }) => {
                    self.polls.sent = Some(Sent::Yes);
                    let progress = (self.judge)(&value);
                    if let Some(observer) = &mut self.on_progress {
                        observer(&value);
                    }
                    if let Progress::Running(status) = &progress {
                        self.polls.status.clone_from(status);
                        self.polls.has_value = true;
                    }
                    self.polls.pause = Some((self.interval, None));
                    return Ok(Polled { value, progress, meta });
                }
                Err(error) => error,
            };
            self.polls.sent = self.polls.sent.max(Some(error.sent()));
            let pause = if error.is_retryable() {
                error.retry_after().unwrap_or_default().max(self.interval)
            } else if self.is_lag(&error, started) {
                self.polls.was_not_found = true;
                self.interval.min(LAG_PAUSE)
            } else {
                return Err(error);
            };
            self.polls.pause = Some((pause, Some(error)));
        }
    }

    /// Returns the call for the next poll, which must not outlast the wait.
    fn next_call(&self, started: Instant) -> Call<T> {
        let left = self.timeout.saturating_sub(started.elapsed());
        match self.call.request.options.timeout {
            Some(time) => self.call.clone().timeout(time.min(left)),
            None if left < self.call.avala.timeout() => self.call.clone().timeout(left),
            None => self.call.clone(),
        }
    }

    /// Returns whether a poll may have failed only because the resource is new.
    fn is_lag(&self, error: &Error, started: Instant) -> bool {
        !self.polls.was_not_found && error.status() == Some(StatusCode::NOT_FOUND) && started.elapsed() < LAG
    }

    fn timed_out(&self, elapsed: Duration, source: Option<Error>) -> Error {
        let count = self.polls.count;
        let plural = if count == 1 { "" } else { "s" };
        let status = match &self.polls.status {
            Some(status) => format!("; status is still `{status}`"),
            None if self.polls.has_value => String::new(),
            None => "; no poll succeeded".to_owned(),
        };
        let message = format!("timed out after {count} poll{plural} in {:.1} s{status}", elapsed.as_secs_f64());
        let sent = self.polls.sent.unwrap_or(Sent::No);
        Error::wait_timeout(&self.call.request.endpoint, message, elapsed, sent, source)
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
        self.call.request.debug("Wait", f)
    }
}

/// The values of the polls of a wait, as a stream. Created by [`Wait::states`].
#[must_use = "a stream does nothing until it is polled"]
pub struct WaitStates<T>(State<T>);

type PollFuture<T> = Pin<Box<dyn Future<Output = (Box<Wait<T>>, Result<Polled<T>, Error>)> + Send>>;

enum State<T> {
    /// Before a poll.
    Idle(Box<Wait<T>>),
    Polling(PollFuture<T>),
    /// The job failed, and its last value was returned.
    Failed(Error),
    Done,
}

impl<T: Send + 'static> WaitStates<T> {
    /// Returns the value of the next poll, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T: Send + 'static> Stream for WaitStates<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut polling: PollFuture<T> = match std::mem::replace(&mut self.0, State::Done) {
            State::Idle(mut wait) => Box::pin(async move {
                let polled = wait.poll().await;
                (wait, polled)
            }),
            State::Polling(polling) => polling,
            State::Failed(error) => return Poll::Ready(Some(Err(error))),
            State::Done => return Poll::Ready(None),
        };
        let Poll::Ready((wait, polled)) = polling.as_mut().poll(cx) else {
            self.0 = State::Polling(polling);
            return Poll::Pending;
        };
        Poll::Ready(Some(polled.map(|Polled { value, progress, meta }| {
            match progress {
                Progress::Ready => {}
                Progress::Failed(message) => self.0 = State::Failed(wait.job_failed(meta, message)),
                Progress::Running(_) => self.0 = State::Idle(wait),
            }
            value
        })))
    }
}

impl<T> Unpin for WaitStates<T> {}

impl<T> fmt::Debug for WaitStates<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitStates").finish_non_exhaustive()
    }
}
