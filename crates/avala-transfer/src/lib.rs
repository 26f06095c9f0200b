//! Reliable uploads and downloads for Avala: resumable, bounded in memory, verified.
//!
//! For backends that move exports and for robots that upload recordings over bad links. It makes its calls with an
//! `avala-client`, whose key, limits and layers apply; files go to storage hosts without the key.
//!
//! [`Transfers`] is the entry point. Every transfer is data until it is awaited or started, continues after a crash
//! from its state folder, and ends with a report or with an [`Error`] that names the file and what to do.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use avala_client::Avala;
//! use avala_transfer::{DatasetUpload, Event, Transfers};
//!
//! let transfers = Transfers::builder(Avala::from_env()?).state_folder("/var/lib/robot/avala").build()?;
//! let upload = DatasetUpload::new("Night drives", "night-drives").source("/data/night");
//!
//! let plan = transfers.upload_dataset(upload.clone()).plan().await?; // sends nothing
//! println!("{} files, {} bytes, {} calls", plan.files, plan.bytes_to_send, plan.calls);
//!
//! let run = transfers.upload_dataset(upload).start();
//! let mut events = run.events();
//! let control = run.control(); // pauses and cancels
//! tokio::spawn(async move {
//!     while let Some(event) = events.next().await {
//!         if let Event::Progress(totals) = event {
//!             println!("{} of {} bytes", totals.bytes_done, totals.bytes_total);
//!         }
//!     }
//! });
//! let report = run.await?;
//! # drop(control);
//! # Ok(())
//! # }
//! ```
//!
//! # The state folder
//!
//! One folder holds the state of all transfers. For each destination it has a lock file, which names its holder, and a
//! journal with one JSON record per line, after the header `{"format":"avala-transfer","version":1,...}`. Names are
//! hashes, and files have mode 0600. The state has no key and no URL. A record is on disk before the event that it
//! records: the hash of a file is recorded before its last bytes are sent, so that the stored object can be recognized
//! later. A state file that cannot be read, is newer, or belongs to another transfer is an error, and is never read as
//! empty.
//!
//! # Errors and resuming
//!
//! An [`Error`] has the file, the reason and the remedy; `is_resumable` returns whether running the same transfer
//! again continues it. The crate's README lists the kinds that need a decision.
//!
//! # Limits
//!
//! All transfers of a [`Transfers`] share a memory budget of 64 MiB and a bandwidth limit. Each storage host has
//! its own adaptive concurrency. `max_bytes` and `max_time` end a run so that it can be resumed.
//!
//! # Stored bytes
//!
//! Downloads write the bytes that the storage keeps: an object that is stored with a `Content-Encoding` stays encoded.
//! Bytes that a proxy compressed in transit are never mixed with them.
//!
//! A state folder or a content store may be inside a target: no object is written there, and a sync does not delete it.
//!
//! # Testing
//!
//! `avala-sandbox` has a storage host that behaves like S3, with faults in the middle of bodies:
//! `Fault::cut_body(1000).on_storage("GET", "/*")`.
//!
//! # Systems
//!
//! Uploads work on every system that Rust and Tokio support. Downloads need Unix: they open folders relative to each
//! other, so that no link leads out of the target, and other systems have no such calls.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `tls-webpki-roots` | yes | https with Mozilla's root certificates |
//! | `tls-native-roots` | no | https with the root certificates of the machine |
//! | `proxy` | no | tunnels through an HTTP proxy, if configured |
//! | `object-store` | no | downloads into an `object_store::ObjectStore` |
//! | `tracing` | no | spans for transfers and files, events for retries |

#![cfg_attr(docsrs, feature(doc_cfg))]
// Target of links from other crates that are documented without this one.
#![doc(html_root_url = "https://docs.rs/avala-transfer/latest")]

mod budget;
mod control;
#[cfg(unix)]
mod download;
mod error;
mod hash;
mod progress;
#[cfg(unix)]
mod public;
mod run;
mod source;
mod state;
mod storage;
mod sync;
mod trace;
mod transfers;
mod upload;

pub use budget::bandwidth::BandwidthLimit;
pub use budget::memory::MemoryBudget;
pub use control::Control;
#[cfg(unix)]
pub use download::builder::{CollectionDownload, Download, ObjectDownload, RevisionDownload};
#[cfg(unix)]
pub use download::names::{NameCollision, NameProbe, NameRules};
#[cfg(unix)]
pub use download::plan::DownloadPlan;
#[cfg(unix)]
pub use download::writer::WriterDownload;
pub use error::{Error, ErrorKind, FileOutcome, FileReport, Report};
pub use hash::Digest;
pub use progress::event::{Event, Events, Phase, Totals};
pub use run::Run;
pub use sync::compare::{CompareBy, Comparison, Difference};
pub use sync::filter::Filter;
pub use transfers::{Transfers, TransfersBuilder};
pub use upload::dataset::{DatasetReport, DatasetTransfer, DatasetUpload, OnFailure, UploadPlan};
pub use upload::recording::{RecordingPlan, RecordingReport, RecordingTransfer, RecordingUpload};

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
