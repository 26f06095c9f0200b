//! The guide: from the first call to production.
//!
//! These pages have no code of their own; they are here so that the documentation shows the guide of this version. Start
//! with [`getting_started`].

#[doc = include_str!("../guide/getting-started.md")]
pub mod getting_started {}
#[doc = include_str!("../guide/users.md")]
pub mod users {}
#[doc = include_str!("../guide/pagination.md")]
pub mod pagination {}
#[doc = include_str!("../guide/errors.md")]
pub mod errors {}
#[doc = include_str!("../guide/error-kinds.md")]
pub mod error_kinds {}
#[doc = include_str!("../guide/rate-limits.md")]
pub mod rate_limits {}
#[doc = include_str!("../guide/webhooks.md")]
pub mod webhooks {}
#[doc = include_str!("../guide/agents.md")]
pub mod agents {}
#[doc = include_str!("../guide/transfers.md")]
pub mod transfers {}
#[doc = include_str!("../guide/cli.md")]
pub mod cli {}
#[doc = include_str!("../guide/testing.md")]
pub mod testing {}
#[doc = include_str!("../guide/migrating-from-python.md")]
pub mod migrating_from_python {}
#[doc = include_str!("../guide/comparison.md")]
pub mod comparison {}
#[doc = include_str!("../guide/design.md")]
pub mod design {}
#[doc = include_str!("../guide/production.md")]
pub mod production {}
#[doc = include_str!("../guide/faq.md")]
pub mod faq {}
#[doc = include_str!("../guide/glossary.md")]
pub mod glossary {}
