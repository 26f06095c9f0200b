//! Agents as separate processes that are killed, and agents whose calls fail randomly.

pub mod faults;
pub mod footprint;
pub mod kills;
pub mod ledger;
pub mod process;
pub mod program;
pub mod shared;

/// Error before there is anything to compare.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
