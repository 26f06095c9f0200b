//! Suites that cross the crates.
