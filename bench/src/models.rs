//! Hand-written models, as used without an SDK: serde's derive, with raw text for free-form fields.

use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::BoxError;
use crate::checksum::Checksum;

/// A dataset.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Dataset {
    pub uid: String,
    pub name: String,
    pub slug: String,
    #[serde(default)]
    pub item_count: u64,
    pub owner_name: Option<String>,
    pub status: Option<String>,
    pub data_type: Option<String>,
    pub is_sequence: Option<bool>,
    pub predefined_labels: Option<Box<RawValue>>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
    pub visibility: Option<String>,
    pub project_count: Option<u64>,
    pub size_bytes: Option<u64>,
    pub annotations_count: Option<u64>,
}

/// A page of a list whose free-form fields are `F`.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Page<F> {
    pub next: Option<String>,
    pub previous: Option<String>,
    pub results: Vec<Item<F>>,
}

/// An item whose free-form fields are `F`.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Item<F> {
    pub id: Option<u64>,
    pub uid: String,
    #[serde(default)]
    pub is_hidden: bool,
    pub key: Option<String>,
    pub dataset: Option<String>,
    pub dataset_owner_name: Option<String>,
    pub dataset_slug: Option<String>,
    pub url: Option<String>,
    pub gpu_texture_url: Option<String>,
    #[serde(default)]
    pub thumbnails: Vec<String>,
    pub video_thumbnail: Option<String>,
    pub metadata: Option<F>,
    pub export_snippet: Option<F>,
    pub annotations: Option<F>,
    pub crop_data: Option<F>,
    pub related_items: Option<F>,
    pub related_sequence_uid: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
}

/// A sequence whose frames are `F`: text, or a list of [`Frame`].
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Sequence<F = Box<RawValue>> {
    pub uid: String,
    #[serde(default)]
    pub is_hidden: bool,
    pub key: Option<String>,
    pub custom_uuid: Option<String>,
    pub status: Option<String>,
    pub featured_image: Option<String>,
    pub number_of_frames: Option<u64>,
    pub views: Option<Box<RawValue>>,
    pub crop_data: Option<Box<RawValue>>,
    pub predefined_labels: Option<Box<RawValue>>,
    pub frames: Option<F>,
    pub metrics: Option<Box<RawValue>>,
    pub dataset_uid: Option<String>,
    pub dataset_data_type: Option<String>,
    pub device_id: Option<String>,
    pub allow_lidar_calibration: Option<bool>,
    pub lidar_calibration_enabled: Option<bool>,
    pub camera_calibration_enabled: Option<bool>,
}

/// A frame.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Frame {
    pub key: Option<String>,
    pub model: Option<String>,
    pub camera_model: Option<String>,
    pub xi: Option<f64>,
    pub alpha: Option<f64>,
    pub device_position: Option<Position>,
    pub device_heading: Option<Heading>,
    pub images: Vec<Image>,
}

/// An image of one camera.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Image {
    pub image_url: Option<String>,
    pub camera_id: Option<String>,
    pub position: Option<Position>,
    pub heading: Option<Heading>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub fx: Option<f64>,
    pub fy: Option<f64>,
    pub cx: Option<f64>,
    pub cy: Option<f64>,
    pub model: Option<String>,
    pub camera_model: Option<String>,
    pub xi: Option<f64>,
    pub alpha: Option<f64>,
}

/// A point.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Position {
    pub x: f64,
    pub y: f64,
    pub z: f64,
}

/// A rotation.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API")]
pub struct Heading {
    pub x: f64,
    pub y: f64,
    pub z: f64,
    pub w: f64,
}

impl Dataset {
    /// Adds the fields that every client reads of a dataset.
    pub fn add_to(&self, checksum: &mut Checksum) {
        checksum.text(&self.uid);
        checksum.number(self.item_count);
    }
}

impl<F> Item<F> {
    /// Adds the fields that every client reads of an item.
    pub fn add_to(&self, checksum: &mut Checksum) {
        checksum.text(&self.uid);
        checksum.number(u64::from(self.annotations.is_some()) + self.thumbnails.len() as u64);
    }
}

impl Sequence {
    /// Adds the frame count and the cameras of the first frame; other frames stay undecoded.
    ///
    /// # Errors
    /// Fails if there is no frame, or if it cannot be read.
    pub fn add_calibration_to(&self, checksum: &mut Checksum) -> Result<(), BoxError> {
        checksum.text(&self.uid);
        checksum.number(self.number_of_frames.unwrap_or_default());
        let frames = self.frames.as_ref().ok_or("a sequence without frames")?.get();
        let first = serde_json::Deserializer::from_str(frames.strip_prefix('[').ok_or("frames are a list")?);
        let first: Frame = first.into_iter().next().ok_or("a sequence without a first frame")??;
        first.add_to(checksum);
        Ok(())
    }
}

impl Sequence<Vec<Frame>> {
    /// Adds every frame, decoded in one pass with the sequence.
    pub fn add_frames_to(&self, checksum: &mut Checksum) {
        self.frames.iter().flatten().for_each(|frame| frame.add_to(checksum));
    }
}

impl Frame {
    fn add_to(&self, checksum: &mut Checksum) {
        for image in &self.images {
            checksum.number(image.fx.unwrap_or_default().to_bits());
        }
    }
}
