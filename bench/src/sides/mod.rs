//! The sides: each is a way to call the API.

pub mod avala;
pub mod hyper;
pub mod hyper_util;
pub mod reqwest;
