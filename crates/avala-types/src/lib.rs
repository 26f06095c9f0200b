//! Models and payloads of the [Avala](https://avala.ai) REST API, for anyone who reads or writes its JSON.
//!
//! This crate does no I/O and needs no runtime: it is the vocabulary that a client, a server, a queue worker or a
//! test shares. `avala-client` speaks it over HTTP.
//!
//! # Reading
//!
//! Models are tolerant: only what a thing cannot be without is required, a new value of an enumeration is kept as it
//! is, and so is a field that this version does not know.
//!
//! ```
//! use avala_types::{CursorPage, DatasetItem};
//!
//! let body = r#"{
//!     "results": [{"uid": "i1", "metadata": {"width": 1920, "exposure_us": 8333}, "reviewed_by": "ada"}],
//!     "next": "https://api.avala.ai/api/v1/datasets/acme/drives/items/?cursor=cD0y",
//!     "previous": null
//! }"#;
//! let page: CursorPage<DatasetItem> = serde_json::from_str(body)?;
//! let item = &page.items[0];
//!
//! // Free-form JSON is kept as text and parsed when you ask, into a type of yours.
//! #[derive(serde::Deserialize)]
//! struct Camera { exposure_us: u32 }
//! let camera: Camera = item.metadata.as_ref().expect("sent").parse()?;
//! assert_eq!(camera.exposure_us, 8333);
//!
//! // What is newer than this crate is still there, and is written back.
//! assert_eq!(item.extra.get("reviewed_by").expect("kept").get(), r#""ada""#);
//! assert!(serde_json::to_string(item)?.contains("reviewed_by"));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Writing
//!
//! A payload takes what it cannot be without in its constructor, and has a setter for everything else.
//!
//! ```
//! use avala_types::{CreateDataset, DataType};
//!
//! let payload = CreateDataset::new("Night drives", "night-drives", DataType::Lidar).is_sequence(true);
//! # let json = serde_json::to_string(&payload)?;
//! # assert_eq!(serde_json::from_str::<CreateDataset>(&json)?, payload);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Serving
//!
//! Everything goes both ways, so a fake server reads the payload and answers with the model:
//!
//! ```
//! use avala_types::{CreateDataset, Dataset, DatasetStatus};
//!
//! fn create(body: &str) -> Result<String, serde_json::Error> {
//!     let payload: CreateDataset = serde_json::from_str(body)?;
//!     let mut dataset = Dataset::new("d1", payload.name, payload.slug);
//!     dataset.data_type = Some(payload.data_type);
//!     dataset.status = Some(DatasetStatus::Creating);
//!     serde_json::to_string(&dataset)
//! }
//! assert!(create(r#"{"name": "Night drives", "slug": "night-drives", "data_type": "lidar"}"#)?.contains("creating"));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod config;
mod dataset;
mod export;
mod extra;
mod field;
mod geometry;
mod id;
mod json;
mod model;
mod open_enum;
mod page;
mod patch;
mod project;
mod rate_limit_info;
mod secret;
mod task;
mod timestamp;
mod visibility;

pub use config::{AvalaConfig, MissingApiKey};
pub use dataset::{
    CameraCalibration, CreateDataset, DataType, Dataset, DatasetCalibration, DatasetFrame, DatasetHealth, DatasetItem,
    DatasetSequence, DatasetStatus, FrameError, FrameImage, SequenceHealth, TransferDataset,
};
pub use export::{CreateExport, Export, ExportFormat, ExportStatus};
pub use extra::Extra;
pub use geometry::{Quat, Vec3};
pub use id::{
    DatasetSlug, DatasetUid, ExportUid, ItemUid, OrganizationUid, OwnerName, ProjectUid, SequenceUid, SliceUid, TaskUid,
};
pub use json::{Elements, Json};
pub use open_enum::OtherValue;
pub use page::{Cursor, CursorPage, LinkError, RawPageResponse};
pub use patch::Patch;
pub use project::{Project, ProjectStatus};
pub use rate_limit_info::RateLimitInfo;
pub use secret::Secret;
pub use task::{Task, TaskStatus, TaskType};
pub use timestamp::{Timestamp, TimestampError};
pub use visibility::Visibility;
