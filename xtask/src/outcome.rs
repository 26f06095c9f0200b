//! Result of a task.

/// The result of a task; an error is the message to print.
pub(crate) type Outcome = Result<(), String>;
