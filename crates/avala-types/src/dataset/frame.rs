//! A frame of a sequence.

use std::fmt;

use crate::geometry::{Quat, Vec3};
use crate::id::SequenceUid;
use crate::json::Elements;
use crate::json::Json;
use crate::model::{json_object, model};

model! {
    /// A frame of a sequence: device pose and camera images.
    pub struct DatasetFrame {
        required {
            /// Index in the sequence, from 0.
            frame_index: u64,
        }
        optional {
            /// Path in the dataset.
            key: Option<String>,
            /// Camera model of images without their own.
            model: Option<String>,
            /// Camera model of images without their own, under its older name; each is used if the other is unset.
            camera_model: Option<String>,
            /// Xi parameter of images without their own.
            xi: Option<f64>,
            /// Alpha parameter of images without their own.
            alpha: Option<f64>,
            /// Position of the device.
            device_position: Option<Vec3>,
            /// Orientation of the device.
            device_heading: Option<Quat>,
            /// Camera images.
            images: Vec<FrameImage>,
            /// The frame as the server sent it; unset in a [`TypedSequence`](crate::TypedSequence).
            raw: Option<Json>,
        }
    }
}

model! {
    /// An image of a frame, with the pose and intrinsics of its camera.
    pub struct FrameImage {
        required {}
        optional {
            /// Image URL.
            image_url: Option<String>,
            /// Position of the camera.
            position: Option<Vec3>,
            /// Orientation of the camera.
            heading: Option<Quat>,
            /// Image width in pixels.
            width: Option<u32>,
            /// Image height in pixels.
            height: Option<u32>,
            /// Horizontal focal length in pixels.
            fx: Option<f64>,
            /// Vertical focal length in pixels.
            fy: Option<f64>,
            /// Principal point in pixels, horizontal.
            cx: Option<f64>,
            /// Principal point in pixels, vertical.
            cy: Option<f64>,
            /// Camera model, such as `pinhole`.
            model: Option<String>,
            /// Camera model, under its older name.
            camera_model: Option<String>,
            /// Xi parameter of the unified and the double sphere camera models.
            xi: Option<f64>,
            /// Alpha parameter of the double sphere camera model.
            alpha: Option<f64>,
        }
    }
}

impl DatasetFrame {
    /// Decodes the next frame, at this index of the sequence.
    pub(crate) fn read_next(index: usize, frames: &mut Elements<'_>) -> Option<Result<Self, serde_json::Error>> {
        Some(frames.next_as::<Wire>()?.map(|(raw, wire)| wire.into_frame(index, Some(raw))))
    }
}

/// The typed part of a frame. The rest stays in `raw` and is not stored twice.
pub(super) struct Wire {
    key: Option<String>,
    model: Option<String>,
    camera_model: Option<String>,
    xi: Option<f64>,
    alpha: Option<f64>,
    device_position: Option<Vec3>,
    device_heading: Option<Quat>,
    images: Vec<FrameImage>,
    /// Typed fields of an unexpected form.
    extra: crate::extra::Extra,
}

impl Wire {
    /// Creates the frame at this index of its sequence.
    pub(super) fn into_frame(self, index: usize, raw: Option<Json>) -> DatasetFrame {
        DatasetFrame {
            frame_index: index as u64,
            key: self.key,
            model: self.model.clone().or_else(|| self.camera_model.clone()),
            camera_model: self.camera_model.or(self.model),
            xi: self.xi,
            alpha: self.alpha,
            device_position: self.device_position,
            device_heading: self.device_heading,
            images: self.images,
            raw,
            extra: self.extra,
        }
    }
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

/// Error of decoding a frame.
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
    pub(crate) fn out_of_range(sequence: &SequenceUid, index: usize, count: usize) -> Self {
        Self { sequence: sequence.clone(), index, reason: Reason::OutOfRange { count } }
    }

    pub(crate) fn decode(sequence: &SequenceUid, index: usize, error: serde_json::Error) -> Self {
        Self { sequence: sequence.clone(), index, reason: Reason::Decode(error) }
    }

    /// Returns the index of the requested frame.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns whether the frame does not exist; otherwise it exists and cannot be decoded.
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
