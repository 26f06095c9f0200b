//! An agent runtime for [Avala](https://avala.ai): handlers decide about events, and no decision is lost or sent twice.
//!
//! ```no_run
//! use avala_agents::types::EventType;
//! use avala_agents::{Agent, Context, Decision, RedbJournal};
//!
//! async fn check(context: Context) -> Decision {
//!     Decision::approve()
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let avala = avala_client::Avala::from_env()?;
//! Agent::new("qa")
//!     .journal(RedbJournal::open("qa.journal")?)
//!     .on(EventType::ResultSubmitted, check)
//!     .run(&avala)
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! For teams that automate decisions: quality checks, triage, mirrors of exports. `avala-client` alone is enough to
//! list executions; this crate is for decisions that must not be lost or sent twice.
//!
//! A handler is an async function of a [`Context`], or a tower service. It receives the event, decoded as far as it is
//! known, and returns a [`Decision`]. Several processes of one agent share claims: see [`Claims`].
//!
//! # What happens when something fails
//!
//! | Fault | Handler | Decision |
//! |---|---|---|
//! | the handler returns an error, panics or times out | runs again after a growing delay; after 5 failures the execution is given up | none |
//! | the process is killed while the handler runs | runs again at the next start; after 3 such starts the execution is given up | none |
//! | the process is killed after the handler returned | does not run again | sent at the next start |
//! | the response to the decision is lost | does not run again | looked up; the same decision is sent again only while the execution is undecided |
//! | the server is unavailable, or limits the rate | does not run again | sent again with backoff; after 10 failures, other executions are handled first |
//! | the server rejects the decision (another 4xx) | does not run again | parked with the reason |
//! | the API key is rejected (401, 403) | running handlers may finish | stays in the journal; the agent ends with an error |
//! | the journal cannot be written | running handlers may finish | only decisions in the journal are sent; the agent ends with an error |
//! | an execution or a journal entry cannot be decoded | does not run | parked with its raw content |
//! | another client decides first | – | its decision counts; recorded as decided elsewhere |
//! | the claim is lost to another process | is cancelled | not sent by this process |
//! | the claim store fails | does not run | waits in the journal, or at the server |
//! | a page of the list fails again and again | those on the other pages run | as always; the agent is not ready, [`Health::incomplete`] |
//!
//! A page that fails is left out if the one behind it can be found: by its number, or because an earlier poll of the same
//! process read it. Otherwise the executions behind it wait at the server until the page can be read.
//!
//! [`Agent::run`] goes on through all failures that may pass. [`Agent::run_once`] and [`Agent::run_until_idle`] end with an
//! error after ten minutes in which the same thing failed; [`AgentError::summary`] says what was done until then.
//!
//! Executions whose handler run ended with the process are started one at a time, so that an execution that kills the
//! process is parked without the executions that ran beside it.
//!
//! So a handler runs *at least once* per execution, and the decision is made *once*. Use
//! [`Context::uid`] as the idempotency key of a handler's side effects.
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `journal-redb` | yes | [`RedbJournal`], a durable journal in one file |
//! | `signal` | yes | [`Agent::run`], which stops on SIGINT and SIGTERM |
//! | `push` | no | a tower service that receives deliveries as hints |
//! | `axum` | no | the same as an axum router |
//! | `testing` | no | a test kit for handlers |
//!
//! # Testing, limits, extending
//!
//! `AgentTest` (feature `testing`) gives a handler an event and returns its decision, without a server. Against
//! `avala-sandbox`, `sandbox.announce(..)` raises an event for a whole agent. All calls of an agent stay within the
//! rate limit of its client, decisions first. [`Journal`] and [`Claims`] are traits: your own store can replace the
//! file and the process.
//!
//! # Cost
//!
//! The client, and redb for the journal: one transaction for each claim and each decision.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-agents/latest")]

mod agent;
mod backoff;
mod claims;
mod context;
mod decision;
mod error;
mod event;
mod handler;
mod journal;
mod lease;
mod lookups;
mod monitor;
mod pace;
mod page_size;
#[cfg(feature = "push")]
mod push;
mod registration;
mod runtime;
mod settings;
#[cfg(feature = "signal")]
mod shutdown;
mod summary;
#[cfg(feature = "testing")]
pub mod testing;

/// Models and payloads of the API.
pub use avala_client::types;

pub use self::agent::Agent;
pub use self::claims::{Claim, ClaimFuture, Claims, LocalClaims, Release};
pub use self::context::{Cancelled, Context, RunReason};
pub use self::decision::{Decision, IntoDecision};
pub use self::error::{AgentError, AgentErrorKind, BoxError};
pub use self::event::{DatasetEvent, Event, ExportEvent, ResultEvent, TaskEvent};
pub use self::handler::{FunctionMarker, Handler, HandlerFn, HandlerService, ServiceMarker, handler_fn};
#[cfg(feature = "journal-redb")]
pub use self::journal::RedbJournal;
pub use self::journal::{Journal, JournalFuture, MemoryJournal, Record, RecordState};
pub use self::monitor::{Counters, Health, Monitor};
#[cfg(feature = "push")]
pub use self::push::PushReceiver;
pub use self::runtime::AgentHandle;
pub use self::settings::GiveUp;
pub use self::summary::Summary;

/// Compiles and runs the code of the README.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
