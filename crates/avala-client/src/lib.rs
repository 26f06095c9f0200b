//! A client of the [Avala](https://avala.ai) REST API: every call, lists as streams, waits for jobs, typed errors,
//! retries that never execute a call twice, and rate limits.
//!
//! For backends and scripts that call the API. A program that only reads or writes its JSON needs only `avala-types`;
//! uploads and downloads are in `avala-transfer`, agents in `avala-agents`.
//!
//! # First call
//!
//! ```no_run
//! # async fn example() -> Result<(), avala_client::Error> {
//! use avala_client::Avala;
//! use avala_client::types::CreateExport;
//!
//! let avala = Avala::from_env()?; // AVALA_API_KEY, and AVALA_BASE_URL for another deployment
//! let mut tasks = avala.tasks().list().project("770a9600").items();
//! while let Some(task) = tasks.next().await {
//!     println!("{:?}", task?.status);
//! }
//!
//! let export = avala.exports().create(&CreateExport::project("770a9600")).await?;
//! let export = avala.exports().wait(&export.uid).await?;
//! println!("{}", export.download_url.unwrap_or_default());
//! # Ok(())
//! # }
//! ```
//!
//! Create one client and clone it: clones share connections, limits and the retry budget. [`resources`] lists all
//! calls; the models are in [`types`]. An endpoint that this version does not know is called with [`Avala::request`].
//!
//! # Calls are data
//!
//! A [`Call`], a [`List`] or a [`Wait`] is sent when it is awaited. Before, it can be stored, cloned, inspected
//! ([`to_http`](Call::to_http)) and changed: [`timeout`](Call::timeout), [`header`](Call::header),
//! [`max_attempts`](Call::max_attempts), [`priority`](Call::priority), [`decode_as`](Call::decode_as),
//! [`with_meta`](Call::with_meta).
//!
//! A call is `IntoFuture` but not a future. Functions and macros that take a future, such as `tokio::spawn`, `join_all`
//! and `select!`, need [`into_future`](IntoFuture::into_future):
//!
//! ```no_run
//! # async fn example(avala: avala_client::Avala) -> Result<(), Box<dyn std::error::Error>> {
//! let task = tokio::spawn(avala.datasets().get("d1").into_future());
//!
//! let calls = ["t1", "t2", "t3"].map(|uid| avala.tasks().get(uid).into_future());
//! for task in futures_util::future::join_all(calls).await {
//!     println!("{:?}", task?.status);
//! }
//! println!("{}", task.await??.name);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Every failure is one [`Error`], one pointer wide. [`kind`](Error::kind) is for programs, `Display` is one line
//! for humans, and [`sent`](Error::sent) says whether the server may have acted. Secrets are redacted in all of it.
//!
//! ```no_run
//! # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
//! use avala_client::ErrorKind;
//!
//! match avala.datasets().get("d1").await {
//!     Ok(dataset) => println!("{}", dataset.name),
//!     Err(error) if error.is_not_found() => println!("there is no such dataset"),
//!     Err(error) if error.kind() == ErrorKind::RateLimited => println!("again in {:?}", error.retry_after()),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Pagination
//!
//! A list is one page if it is awaited, a stream of records with [`items`](List::items), of pages with
//! [`pages`](List::pages), and a collection with [`try_collect`](List::try_collect). The next page is requested while
//! the program works on this one. A [`Cursor`](types::Cursor) is text, so that another process can continue.
//!
//! # Retries and limits
//!
//! Calls that are safe to repeat have up to 3 attempts, with backoff and jitter; a `POST` only if the server certainly
//! did not process it. A call has 60 s, with queueing and backoff. The client stays within 100 calls per minute, or
//! what the server reports, and waits before it sends. See [`AvalaBuilder`] for each setting, and
//! [`RateLimiter`](transport::RateLimiter) for limits that processes share.
//!
//! # Testing
//!
//! `avala-sandbox` is an in-memory Avala with faults on demand. For unit tests, [`Avala::from_service`] takes a
//! function, and the feature `testing` constructs errors and responses. With a function, a paused clock works; with
//! sockets, do not pause the clock: it would jump ahead before a response arrives.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use avala_client::Avala;
//! use avala_client::transport::Body;
//! use http::{Request, Response};
//!
//! let avala = Avala::from_service(tower::service_fn(|_: Request<Body>| async {
//!     Ok::<_, std::convert::Infallible>(Response::new(Body::from(r#"{"uid": "t1", "name": "Frame 7"}"#)))
//! }));
//! assert_eq!(avala.tasks().get("t1").await?.name.as_deref(), Some("Frame 7"));
//! # Ok(())
//! # }
//! ```
//!
//! # Extending
//!
//! Your own `tower::Layer` wraps each call ([`layer_per_call`](AvalaBuilder::layer_per_call)) or each attempt
//! ([`layer_per_attempt`](AvalaBuilder::layer_per_attempt)); your own HTTP client goes below all layers
//! ([`service`](AvalaBuilder::service)) or replaces them ([`Avala::from_service`]). [`transport`] has the order of the
//! layers and how errors of your service are classified.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `http2`, `proxy`, `tls-webpki-roots` | yes | how the HTTP client of this SDK connects |
//! | `tls-native-roots`, `tls`, `hyper` | no | root certificates of the machine; TLS without roots; plain TCP |
//! | `gzip` | yes | compressed responses |
//! | `fs` | yes | request bodies read from files |
//! | `blocking` | no | the same calls without `async`, for scripts |
//! | `reqwest` | no | a classifier for the errors of a `reqwest` client that is used as the service |
//! | `tracing` | no | spans for calls and attempts |
//! | `testing` | no | your own errors and responses |
//!
//! Without `hyper`, which the connection features imply, set your own service.
//!
//! # Cost
//!
//! 75 crates with the default features. A small call makes 22 allocations more than bare hyper, which makes 25
//! (`reqwest` makes 65), and takes less CPU time than `reqwest`. A program with 20 calls compiles in seconds, because
//! decoders are compiled in this crate. `docs/performance.md` in the repository has the measurements, and the goals
//! that are missed.
//!
//! `http` 1, `bytes` 1 and `tower` 0.5 are part of the public API: a new major release of one of them is a new major
//! release of this crate.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-client/latest")]

mod avala;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod call;
mod collect;
pub mod concurrency_groups;
mod decode;
mod endpoint;
mod error;
mod extras;
mod filters;
// `doc` alone would compile the pages as tests of this crate, which lacks the crates that they use.
#[cfg(all(doc, not(doctest)))]
pub mod guide;
mod list;
mod meta;
mod options;
mod own_uid;
mod pages;
mod raw;
mod request;
pub mod resources;
mod sending;
#[doc(hidden)]
pub mod storage_hosts;
#[cfg(feature = "testing")]
pub mod testing;
mod wait;

pub use ::avala_transport as transport;
pub use avala::Avala;
pub use avala_types as types;
pub use builder::AvalaBuilder;
pub use call::{Call, CallFuture, CallWithMeta, ResponseFuture};
pub use error::{Error, ErrorKind, FieldError, Quota};
pub use http::Method;
pub use list::{List, Numbered};
pub use meta::{Meta, Response};
pub use pages::{Items, Pages};
pub use raw::RawCall;
pub use transport::{ConcurrencyGroup, Sent, TimeSpent, TimeoutPhase};
pub use wait::{Progress, Wait, WaitStates};

/// Compiles and runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
