//! Queue of faults, each waiting for a request that matches it.

use std::sync::{Mutex, PoisonError};

use super::{Effect, Fault, FaultError, Target};

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

    /// Takes the oldest fault that matches the request, and counts one use of it.
    pub(crate) fn take(&self, request: &Target<'_>) -> Option<Effect> {
        self.with(|faults| {
            let index = faults.iter_mut().position(|fault| fault.target.fits(request) && fault.is_due())?;
            let fault = faults.get_mut(index)?;
            fault.times = if fault.times == usize::MAX { fault.times } else { fault.times - 1 };
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

impl Fault {
    /// Returns whether the fault affects this one of the requests that match it.
    fn is_due(&mut self) -> bool {
        self.fitting += 1;
        // Chosen by a hash: not every n-th request, and the same requests in each run.
        let scattered = self.fitting.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (self.fitting << 7);
        (scattered >> 33).is_multiple_of(self.one_in)
    }
}
