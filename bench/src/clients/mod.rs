//! The clients that are compared.

pub mod avala;
pub mod hyper;
pub mod hyper_util;
pub mod reqwest;
