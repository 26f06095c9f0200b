//! A frame of a sequence.

use std::fmt;

use crate::dataset::{CameraCalibration, DatasetSequence};
use crate::json::Elements;
use crate::model::{json_object, model};
use crate::{Json, Quat, SequenceUid, Vec3};

model! {
    /// One moment of a sequence: where the device was, and what its cameras saw.
    pub struct DatasetFrame {
        required {
            /// Its place in the sequence; the first one is 0.
            frame_index: u64,
        }
        optional {
            /// Its path in the dataset.
            key: Option<String>,
            /// The camera model of images that do not name their own.
            model: Option<String>,
            /// The same under its older name; each stands in for the other.
            camera_model: Option<String>,
            /// The xi of images that do not have their own.
            xi: Option<f64>,
            /// The alpha of images that do not have their own.
            alpha: Option<f64>,
            /// Where the device was.
            device_position: Option<Vec3>,
            /// How the device was turned.
            device_heading: Option<Quat>,
            /// What its cameras saw.
            images: Vec<FrameImage>,
            /// The frame as the server sent it.
            raw: Option<Json>,
        }
    }
}

model! {
    /// What one camera saw, and where and how it looked.
    pub struct FrameImage {
        required {}
        optional {
            /// Where the image is.
            image_url: Option<String>,
            /// Where the camera was.
            position: Option<Vec3>,
            /// How the camera was turned.
            heading: Option<Quat>,
            /// The width of the image in pixels.
            width: Option<u32>,
            /// The height of the image in pixels.
            height: Option<u32>,
            /// The focal length in pixels, horizontally.
            fx: Option<f64>,
            /// The focal length in pixels, vertically.
            fy: Option<f64>,
            /// The principal point in pixels, from the left.
            cx: Option<f64>,
            /// The principal point in pixels, from the top.
            cy: Option<f64>,
            /// The camera model, as `pinhole`.
            model: Option<String>,
            /// The camera model under its older name.
            camera_model: Option<String>,
            /// The first parameter of the unified and the double sphere camera models.
            xi: Option<f64>,
            /// The second parameter of the double sphere camera model.
            alpha: Option<f64>,
        }
    }
}

impl DatasetFrame {
    /// Reads the next frame, which is at this place in its sequence.
    pub(crate) fn read_next(index: usize, frames: &mut Elements<'_>) -> Option<Result<Self, serde_json::Error>> {
        Some(frames.next_as::<Wire>()?.map(|(raw, wire)| Self {
            frame_index: index as u64,
            key: wire.key,
            model: wire.model.clone().or_else(|| wire.camera_model.clone()),
            camera_model: wire.camera_model.or(wire.model),
            xi: wire.xi,
            alpha: wire.alpha,
            device_position: wire.device_position,
            device_heading: wire.device_heading,
            images: wire.images,
            raw: Some(raw),
            extra: wire.extra,
        }))
    }

    /// The cameras of its images, with what the frame says for all of them.
    pub(crate) fn cameras(&self) -> Vec<CameraCalibration> {
        self.images.iter().map(|image| CameraCalibration::of(image, self)).collect()
    }
}

/// What is typed of a frame. The rest stays in `raw` and is not kept twice.
struct Wire {
    key: Option<String>,
    model: Option<String>,
    camera_model: Option<String>,
    xi: Option<f64>,
    alpha: Option<f64>,
    device_position: Option<Vec3>,
    device_heading: Option<Quat>,
    images: Vec<FrameImage>,
    /// Typed fields of an unexpected form.
    extra: crate::Extra,
}

json_object!(Wire (Strict, skip) {
    required {}
    optional {
        key = "key",
        model = "model",
        camera_model = "camera_model",
        xi = "xi",
        alpha = "alpha",
        device_position = "device_position",
        device_heading = "device_heading",
        images = "images",
    }
});

/// Why a frame could not be read.
#[derive(Debug)]
pub struct FrameError {
    sequence: SequenceUid,
    index: usize,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    OutOfRange { count: usize },
    Decode(serde_json::Error),
}

impl FrameError {
    pub(crate) fn out_of_range(sequence: &DatasetSequence, index: usize, count: usize) -> Self {
        Self { sequence: sequence.uid.clone(), index, reason: Reason::OutOfRange { count } }
    }

    pub(crate) fn decode(sequence: &DatasetSequence, index: usize, error: serde_json::Error) -> Self {
        Self { sequence: sequence.uid.clone(), index, reason: Reason::Decode(error) }
    }

    /// The frame that was asked for.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether there is no such frame; otherwise it is there, and does not have the shape of one.
    #[must_use]
    pub fn is_out_of_range(&self) -> bool {
        matches!(self.reason, Reason::OutOfRange { .. })
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, index, reason } = self;
        match reason {
            Reason::OutOfRange { count } => {
                write!(f, "frame {index} is out of range: sequence {sequence} came with {count} frames")
            }
            Reason::Decode(error) => write!(f, "frame {index} of sequence {sequence} cannot be read: {error}"),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::OutOfRange { .. } => None,
            Reason::Decode(error) => Some(error),
        }
    }
}
