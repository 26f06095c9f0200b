//! An [Avala](https://avala.ai) in memory: a server that speaks the REST API on a loopback port.
//!
//! Integrations are developed and tested against it without an account and without a network. It keeps state,
//! so that created resources can be read back, checks what the real server checks, and fails on demand.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use avala_sandbox::{Fault, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! sandbox.fault(Fault::status(503).on("GET", "/datasets/"))?;
//! // ... point a client at `sandbox.api_url()` with the key `sandbox.api_key()` ...
//! for request in sandbox.requests() {
//!     println!("{} {} {:?}", request.method, request.path, request.status);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Behavior that equals that of the real server
//!
//! - Every call needs `X-Avala-Api-Key`; without a valid one the response is 401.
//! - A path without its trailing slash is redirected, an unknown one is 404, a wrong method 405.
//! - Bodies are validated: 400 with a list of sentences for each field.
//! - Lists have pages of 100 items unless `limit` says otherwise, up to 1,000. A `limit` that is not a positive integer
//!   counts as unset. Items come in the order of their creation, and `next` is an address on the sandbox.
//! - Every response of the API has `X-Request-Id` and the three `X-RateLimit-*` headers.
//! - A new dataset is `creating` until it was fetched a few times. An export takes one step with each fetch:
//!   requested, pending, processing, exported. So do auto-label jobs and the uploads of recordings.
//! - Webhooks and callbacks of agents on this machine get signed POSTs.
//! - Uploads and downloads go to a storage host that behaves like S3: [`Sandbox::storage`] has its objects.
//!
//! # Testing with it
//!
//! Each test starts its own sandbox on a free port, so that tests run side by side. [`Fault`] makes the next request
//! fail: a status, a lost response, a body that ends early. [`Sandbox::requests`] has what was sent,
//! [`Sandbox::announce`] raises events for webhooks and agents, [`Sandbox::advance_clock`] lets URLs expire. Real
//! sockets and tokio's paused clock do not mix: leave the clock running. Programs in other languages use the binary:
//! `avala-sandbox --help`.
//!
//! # Features and cost
//!
//! `tls` (default) serves https with a certificate of a test CA, and adds a CONNECT proxy for known hosts. It shares no
//! code with the client, so that a bug there is not mirrored here.
//!
//! `REFERENCE.md`, in the folder of the crate, lists options of the program, faults and control routes.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-sandbox/latest")]

mod app;
#[cfg(feature = "tls")]
mod authority;
mod builder;
pub mod demo;
mod documented_limits;
mod error;
mod fault;
mod handlers;
mod known_hosts;
mod not_found;
mod pipeline;
mod protocol;
#[cfg(feature = "tls")]
mod proxy;
mod rate_limit;
mod request;
mod request_body;
mod request_log;
mod response;
mod response_body;
mod router;
mod routes;
mod sandbox;
mod schema;
mod screen;
mod seed;
mod server;
mod state;
mod storage_error;
mod storage_host;
mod unread_head;
mod webhook;

pub use builder::SandboxBuilder;
pub use fault::{Fault, FaultError};
pub use not_found::NotFound;
pub use rate_limit::RateLimit;
pub use request_log::LoggedRequest;
pub use router::routes;
pub use routes::Route;
pub use sandbox::Sandbox;
pub use seed::Seed;
pub use state::fleet::script::FinalizationStep;
pub use state::storage::Bodies;
pub use storage_host::{StorageCounters, StorageHost, StoredObject, StoredPart, StoredUpload};
pub use webhook::AnnounceError;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the code of the reference.
#[cfg(doctest)]
#[doc = include_str!("../REFERENCE.md")]
struct Reference;
