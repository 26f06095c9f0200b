//! Calls without `async`, for scripts.
//!
//! Nothing is written twice: a call is data, and [`Avala::run`] waits for it. A list is an ordinary iterator.
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

use std::fmt;
use std::ops::Deref;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{Error, Items, List};

/// An [`Avala`](crate::Avala) that waits for its calls. It has a runtime of its own, on the threads that call it.
pub struct Avala {
    avala: crate::Avala,
    /// Only ever taken when it is dropped.
    runtime: Option<Runtime>,
}

impl Avala {
    /// A client with the settings of the environment, as [`crate::Avala::from_env`] reads them.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when there is no key, a setting cannot be used, or
    /// the system has no room for a runtime.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self, Error> {
        Self::new(crate::Avala::from_env()?)
    }

    /// Waits for the calls of this client.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the system has no room for a runtime.
    pub fn new(avala: crate::Avala) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::configuration(format!("no runtime can be made: {error}")))?;
        Ok(Self { avala, runtime: Some(runtime) })
    }

    /// Waits for a call, a page of a list, or a wait.
    ///
    /// # Errors
    /// Those of the call, and [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when this is called from
    /// async code, which must await instead.
    pub fn run<T>(&self, call: impl IntoFuture<Output = Result<T, Error>>) -> Result<T, Error> {
        let Some(runtime) = self.runtime.as_ref().filter(|_| Handle::try_current().is_err()) else {
            return Err(Error::configuration("this is async code, which a blocking call would stop: await the call"));
        };
        // The future is made inside the runtime, so that it may use its clock.
        runtime.block_on(async { call.await })
    }

    /// All items of a list. The next page is asked for when this one has come, and travels while calls wait.
    pub fn iter<T, F>(&self, list: List<T, F>) -> Iter<'_, T> {
        Iter { avala: self, items: list.items(), failed: false }
    }
}

/// Every resource is there: `avala.datasets()` and the others.
impl Deref for Avala {
    type Target = crate::Avala;

    fn deref(&self) -> &crate::Avala {
        &self.avala
    }
}

impl Drop for Avala {
    fn drop(&mut self) {
        // Its own drop waits for what is running, and must not do that in async code.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Avala {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Avala").field(&self.avala).finish()
    }
}

/// The items of a list. Made by [`Avala::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    avala: &'a Avala,
    items: Items<T>,
    /// After an error it ends, also for a loop that ignores errors.
    failed: bool,
}

impl<T> Iter<'_, T> {
    /// Where to go on later, as [`Items::cursor`] says; `None` after an error.
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
        self.failed = next.is_err();
        next.transpose()
    }
}
