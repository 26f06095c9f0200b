//! The faults that wait for a request.

use std::sync::{Mutex, PoisonError};

use http::Method;

use super::{Effect, Fault, FaultError};

/// Faults in the order in which they were added.
#[derive(Default)]
pub(crate) struct FaultQueue(Mutex<Vec<Fault>>);

impl FaultQueue {
    pub(crate) fn add(&self, mut fault: Fault) -> Result<(), FaultError> {
        if let Some(error) = fault.error.take() {
            return Err(error);
        }
        if fault.times > 0 {
            self.with(|faults| faults.push(fault));
        }
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.with(Vec::clear);
    }

    /// Uses up one time of the oldest fault that fits the request.
    pub(crate) fn take(&self, method: &Method, api_path: &str) -> Option<Effect> {
        self.with(|faults| {
            let index = faults.iter().position(|fault| fault.target.fits(method, api_path))?;
            let fault = faults.get_mut(index)?;
            fault.times -= 1;
            let effect = fault.effect.clone();
            if fault.times == 0 {
                drop(faults.remove(index));
            }
            Some(effect)
        })
    }

    fn with<R>(&self, change: impl FnOnce(&mut Vec<Fault>) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
