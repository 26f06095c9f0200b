//! The thread that drives connections and timers of blocking clients.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread, ThreadId};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::coop;

use crate::error::Error;

/// How long the last clone waits until its thread ends. It ends at once, unless a task of the user blocks it.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// A driver that is started by its first use.
#[derive(Debug, Default)]
pub(super) struct LazyDriver {
    driver: OnceLock<Driver>,
    /// Held while the driver is started, so that there is one for many threads.
    starting: Mutex<()>,
}

impl LazyDriver {
    pub(super) fn get(&self) -> Result<&Driver, Error> {
        if let Some(driver) = self.driver.get() {
            return Ok(driver);
        }
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = self.driver.get() {
            return Ok(driver);
        }
        let driver = Driver::start()?;
        Ok(self.driver.get_or_init(|| driver))
    }

    pub(super) fn started(&self) -> Option<&Driver> {
        self.driver.get()
    }
}

/// A runtime on its own thread. Dropping it stops both.
#[derive(Debug)]
pub(super) struct Driver {
    runtime: Handle,
    thread: ThreadId,
    /// Dropped to stop the thread.
    stop: Option<oneshot::Sender<()>>,
    /// Disconnected when the runtime has ended. In a mutex only to be `Sync`.
    stopped: Mutex<mpsc::Receiver<()>>,
}

impl Driver {
    fn start() -> Result<Self, Error> {
        let failed =
            |error| Error::configuration(format!("could not start the thread of the blocking client: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, until_stopped) = oneshot::channel();
        let (alive, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("avala-blocking".to_owned()).spawn(move || {
            // The sender never sends: this ends when it is dropped.
            let _ = runtime.block_on(until_stopped);
            // A plain drop would wait for name lookups, which can take any time.
            runtime.shutdown_background();
            drop(alive);
        });
        let thread = thread.map_err(failed)?.thread().id();
        Ok(Self { runtime: handle, thread, stop: Some(stop), stopped: Mutex::new(stopped) })
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Polls the future on this thread, and parks the thread while the driver works for it.
    ///
    /// This is not [`Handle::block_on`], which panics in async code.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.runtime.enter();
        // A budget would belong to the task around this call, and would never be refilled here.
        let mut future = pin!(coop::unconstrained(future));
        let signal = Arc::new(Signal { thread: thread::current(), is_set: AtomicBool::new(false) });
        let waker = Waker::from(Arc::clone(&signal));
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            // Other code may unpark this thread too.
            while !signal.is_set.swap(false, Ordering::Acquire) {
                thread::park();
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The thread cannot wait for itself, and async code must not wait at all.
        if thread::current().id() == self.thread || is_async_code() {
            return;
        }
        let stopped = self.stopped.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = stopped.recv_timeout(STOP_TIMEOUT);
    }
}

/// Wakes a parked thread.
struct Signal {
    thread: Thread,
    is_set: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_set.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Returns whether this thread is polling a future of a Tokio runtime, which must not be blocked.
///
/// Tokio limits how much a future does in one poll, and does not limit the code of `spawn_blocking` and
/// `block_in_place`, where blocking is allowed. So this takes more steps than any limit has, and returns them.
pub(super) fn is_async_code() -> bool {
    if Handle::try_current().is_err() {
        return false;
    }
    let mut cx = Context::from_waker(Waker::noop());
    let mut steps = Vec::new();
    let mut limited = false;
    // Tokio counts the steps that are left in a byte.
    for _ in 0..=u8::MAX {
        match coop::poll_proceed(&mut cx) {
            Poll::Ready(step) => steps.push(step),
            Poll::Pending => {
                limited = true;
                break;
            }
        }
    }
    // Each step restores what was left before it, so the first one goes last.
    while steps.pop().is_some() {}
    limited
}
