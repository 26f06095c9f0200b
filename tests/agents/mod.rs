//! Agents as processes of their own, that are killed, and agents whose calls meet faults.

pub mod faults;
pub mod footprint;
pub mod kills;
pub mod ledger;
pub mod process;
pub mod program;
pub mod shared;

/// Error before there is anything to compare.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
