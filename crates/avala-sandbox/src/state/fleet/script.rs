//! Steps of finalizations other than the usual ones.

use std::collections::VecDeque;
use std::str::FromStr;

/// A step of the finalization of a managed upload, which the next status responses show instead of the real one.
///
/// Read from `STATE:CODE`, such as `retry_wait:worker_disabled` or `failed:attempts_exhausted`.
///
/// ```
/// use avala_sandbox::FinalizationStep;
///
/// let step: FinalizationStep = "retry_wait:worker_disabled".parse()?;
/// assert_eq!((step.state(), step.code()), ("retry_wait", "worker_disabled"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalizationStep {
    state: &'static str,
    code: &'static str,
}

const STATES: [&str; 4] = ["pending", "running", "retry_wait", "failed"];
const CODES: [&str; 10] = [
    "pending",
    "running",
    "capacity_pending",
    "worker_disabled",
    "deadline_exceeded",
    "lease_lost",
    "source_unavailable",
    "attempts_exhausted",
    "content_mismatch",
    "invalid_mcap",
];

impl FinalizationStep {
    /// Returns the state of the finalization: `pending`, `running`, `retry_wait` or `failed`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        self.state
    }

    /// Returns the code of the finalization.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl FromStr for FinalizationStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || {
            let (states, codes) = (STATES.join(", "), CODES.join(", "));
            format!(
                "{text:?} is not a step of a finalization: write STATE:CODE with one of {states} and one of {codes}"
            )
        };
        let (state, code) = text.split_once(':').ok_or_else(error)?;
        let known = |list: &[&'static str], name: &str| list.iter().find(|known| **known == name).copied();
        let state = known(&STATES, state).ok_or_else(error)?;
        Ok(Self { state, code: known(&CODES, code).ok_or_else(error)? })
    }
}

/// Steps that the next status responses show.
#[derive(Default)]
pub(crate) struct FinalizationScript(VecDeque<FinalizationStep>);

impl FinalizationScript {
    pub(crate) fn extend(&mut self, steps: impl IntoIterator<Item = FinalizationStep>) {
        self.0.extend(steps);
    }

    pub(crate) fn next(&mut self) -> Option<FinalizationStep> {
        self.0.pop_front()
    }
}
