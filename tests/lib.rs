//! Shared parts of the suites: the contract, the fixtures, and the list of all models.

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

/// Compiles and runs the code of the guide.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/guide/getting-started.md")]
    mod getting_started {}
    #[doc = include_str!("../docs/guide/users.md")]
    mod users {}
    #[doc = include_str!("../docs/guide/pagination.md")]
    mod pagination {}
    #[doc = include_str!("../docs/guide/errors.md")]
    mod errors {}
    #[doc = include_str!("../docs/guide/rate-limits.md")]
    mod rate_limits {}
    #[doc = include_str!("../docs/guide/layers.md")]
    mod layers {}
    #[doc = include_str!("../docs/guide/webhooks.md")]
    mod webhooks {}
    #[doc = include_str!("../docs/guide/agents.md")]
    mod agents {}
    #[doc = include_str!("../docs/guide/transfers.md")]
    mod transfers {}
    #[doc = include_str!("../docs/guide/testing.md")]
    mod testing {}
    #[doc = include_str!("../docs/guide/migrating-from-python.md")]
    mod migrating_from_python {}
    #[doc = include_str!("../docs/guide/comparison.md")]
    mod comparison {}
    #[doc = include_str!("../docs/guide/design.md")]
    mod design {}
    #[doc = include_str!("../docs/guide/production.md")]
    mod production {}
    #[doc = include_str!("../docs/guide/faq.md")]
    mod faq {}
    #[doc = include_str!("../docs/guide/glossary.md")]
    mod glossary {}
}
