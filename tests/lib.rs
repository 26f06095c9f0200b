//! What the suites share: the contract, the fixtures, and the list of all models.

pub mod agents;
pub mod contract;
pub mod enumerations;
pub mod models;
pub mod payloads;
pub mod readable;
pub mod soak;
mod soak_layers;

/// Compiles and runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
