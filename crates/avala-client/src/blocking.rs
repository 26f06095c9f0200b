//! A client without `async`, for scripts and plain threads.
//!
//! A call is data, and [`Avala::run`] waits for its response. A list is an ordinary iterator.
//!
//! ```no_run
//! use avala_client::blocking::Avala;
//!
//! let avala = Avala::from_env()?;
//! let dataset = avala.run(avala.datasets().get("550e8400"))?;
//! for task in avala.iter(avala.tasks().list().project("770a9600")) {
//!     println!("{} of {}", task?.uid, dataset.name);
//! }
//! # Ok::<(), avala_client::Error>(())
//! ```
//!
//! # Threads
//!
//! The first call starts a thread that drives connections, timers and the next page of each list, also between calls.
//! The thread ends with the last clone of the client. Any number of threads can make calls at the same time.
//!
//! # In async programs
//!
//! Blocking calls work wherever blocking is allowed: on plain threads, in `tokio::task::spawn_blocking` and in
//! `tokio::task::block_in_place`. Directly in async code of a Tokio runtime a call fails with
//! [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) and sends nothing; await the call there instead. In
//! code that cannot be recognized as async, such as another runtime's or below `tokio::task::unconstrained`, a call
//! works and blocks its thread. A client may be created and dropped anywhere.

mod driver;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use self::driver::{LazyDriver, is_async_code};
use crate::error::Error;
use crate::list::List;
use crate::pages::Items;

/// An [`Avala`](crate::Avala) whose calls block. Its clones share connections and the thread that drives them.
#[derive(Clone)]
pub struct Avala {
    avala: crate::avala::Avala,
    driver: Arc<LazyDriver>,
}

impl Avala {
    /// Creates a client with the settings of the environment, as [`crate::Avala::from_env`] reads them.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when there is no key, or a setting cannot be used.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self, Error> {
        Self::new(crate::avala::Avala::from_env()?)
    }

    /// Wraps an async client. Starts no thread; the first call does.
    ///
    /// # Errors
    /// None in this version; the result allows for them later.
    pub fn new(avala: crate::avala::Avala) -> Result<Self, Error> {
        Ok(Self { avala, driver: Arc::default() })
    }

    /// Sends a call, a page of a list or a wait, and blocks until it is done.
    ///
    /// # Errors
    /// The error of the call. [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) in async code, and if the
    /// system cannot start the client's thread; nothing was sent then.
    pub fn run<T>(&self, call: impl IntoFuture<Output = Result<T, Error>>) -> Result<T, Error> {
        if is_async_code() {
            let message = "a blocking call in async code would stop its runtime: await the call, or move it into \
                           `spawn_blocking`";
            return Err(Error::configuration(message));
        }
        // The future is created inside the runtime, so that it may use its clock.
        self.driver.get()?.wait(async { call.await })
    }

    /// Iterates over all items of a list. The next page is fetched in the background while a page is consumed.
    pub fn iter<T, F>(&self, list: List<T, F>) -> Iter<'_, T> {
        Iter { avala: self, items: list.items(), failed: false }
    }
}

/// Gives access to all resources: `avala.datasets()` and the others.
impl Deref for Avala {
    type Target = crate::avala::Avala;

    fn deref(&self) -> &crate::avala::Avala {
        &self.avala
    }
}

impl fmt::Debug for Avala {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Avala").field(&self.avala).finish()
    }
}

/// The items of a list. Returned by [`Avala::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    avala: &'a Avala,
    items: Items<T>,
    /// After an error it ends, also for a loop that ignores errors.
    failed: bool,
}

impl<T> Iter<'_, T> {
    /// Returns where to resume later, as [`Items::cursor`] does; `None` after an error.
    #[must_use]
    pub fn cursor(&self) -> Option<&crate::types::Cursor> {
        self.items.cursor()
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.avala.run(async { self.items.next().await.transpose() });
        // Otherwise a requested page would make no progress until the next call here.
        if let Some(driver) = self.avala.driver.started() {
            self.items.drive_on(driver.runtime());
        }
        self.failed = next.is_err();
        next.transpose()
    }
}
