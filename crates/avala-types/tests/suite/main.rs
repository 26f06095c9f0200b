//! The crate as its users see it: inside other formats, containers and collections.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail loudly too")]

mod containers;
mod one_liners;
mod user_types;
