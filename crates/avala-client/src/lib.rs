//! A client of the [Avala](https://avala.ai) REST API.
//!
//! ```no_run
//! # async fn example() -> Result<(), avala_client::Error> {
//! use avala_client::Avala;
//! use avala_client::types::CreateExport;
//!
//! let avala = Avala::from_env()?;
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
//! Every call is data until it is awaited: a [`Call`], a [`List`] or a [`Wait`]. What can go wrong is one [`Error`].
//! Keys, retries, rate limits and timeouts are layers of [`transport`], and every one of them can be set, replaced or
//! combined with your own layers: see [`AvalaBuilder`]. The models are in [`types`].
//!
//! # Features
//!
//! - `http2`, `proxy`, `tls-webpki-roots` (on by default), `tls-native-roots`, `tls`: how the HTTP client of this SDK
//!   connects. Without any of them, bring a service of your own: [`AvalaBuilder::service`], [`Avala::from_service`].
//! - `gzip` (on by default): asks for compressed responses.
//! - `fs` (on by default): request bodies read from files.
//! - `reqwest`: classifies the errors of a `reqwest` client that is used as the service, so that it keeps its retries.
//! - `blocking`: the same calls without `async`, for scripts.
//! - `tracing`: spans for calls and attempts.
//! - `testing`: errors and responses of your own, for unit tests: see `avala_client::testing`.

mod avala;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod call;
mod collect;
mod decode;
mod endpoint;
mod error;
mod extras;
mod filters;
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
pub use transport::{Sent, TimeSpent, TimeoutPhase};
pub use wait::{Progress, Wait, WaitStates};

/// Compiles and runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
