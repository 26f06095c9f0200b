//! What the SDK costs, side by side with what people would use instead.
//!
//! `server` answers from memory. `client` does one work as one side against it and prints one line of figures.
//! `allocations` and `instructions` count what repeats exactly. `cargo xtask bench` runs them all.

pub mod checksum;
pub mod data;
pub mod fetch;
pub mod measure;
pub mod shapes;
pub mod sides;
pub mod works;

/// Whatever goes wrong: a measurement that fails has no second try.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
