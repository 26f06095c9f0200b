//! The rig that recorded a sequence.

use crate::dataset::{DatasetFrame, FrameImage};
use crate::geometry::{Quat, Vec3};
use crate::id::SequenceUid;
use crate::json::Json;
use crate::model::model;

model! {
    /// Camera calibration of a sequence, from its first frame.
    ///
    /// Returned by [`DatasetSequence::calibration`](crate::DatasetSequence::calibration).
    pub struct DatasetCalibration {
        required {
            /// Sequence.
            sequence_uid: SequenceUid,
        }
        optional {
            /// Cameras, in the order of the frame's images.
            cameras: Vec<CameraCalibration>,
            /// Calibration of the whole dataset, a free-form object.
            dataset_level_camera_calibration: Option<Json>,
        }
    }
}

model! {
    /// Camera calibration: position, orientation and intrinsics.
    pub struct CameraCalibration {
        required {}
        optional {
            /// Camera name.
            camera_id: Option<String>,
            /// Location.
            position: Option<Vec3>,
            /// Orientation.
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
            /// Xi parameter of the unified and the double sphere camera models.
            xi: Option<f64>,
            /// Alpha parameter of the double sphere camera model.
            alpha: Option<f64>,
        }
    }
}

impl DatasetFrame {
    /// Cameras of the images, with the frame's values as defaults.
    pub(crate) fn cameras(&self) -> Vec<CameraCalibration> {
        self.images.iter().map(|image| CameraCalibration::of(image, self)).collect()
    }
}

impl CameraCalibration {
    /// Returns the camera of an image. Model, xi and alpha default to those of the frame.
    fn of(image: &FrameImage, frame: &DatasetFrame) -> Self {
        Self {
            // Uploaders name their cameras in three ways; the first name that is present and not empty counts.
            camera_id: ["camera", "camera_id", "sensor_id"]
                .into_iter()
                .find_map(|name| name_in(image.extra.get(name)?)),
            position: image.position,
            heading: image.heading,
            width: image.width,
            height: image.height,
            fx: image.fx,
            fy: image.fy,
            cx: image.cx,
            cy: image.cy,
            model: image.model.as_ref().or(image.camera_model.as_ref()).or(frame.model.as_ref()).cloned(),
            xi: image.xi.or(frame.xi),
            alpha: image.alpha.or(frame.alpha),
            ..Self::default()
        }
    }
}

/// Returns a reference by name or by number.
fn name_in(json: &Json) -> Option<String> {
    match json.get().as_bytes().first()? {
        b'"' => json.parse().ok().filter(|name: &String| !name.is_empty()),
        b'0'..=b'9' => Some(json.get().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::DatasetSequence;

    fn calibration(frames: &serde_json::Value) -> DatasetCalibration {
        let mut sequence = DatasetSequence::new("s1");
        sequence.frames = Some(frames.into());
        sequence.calibration().unwrap()
    }

    #[test]
    fn a_camera_is_named_by_the_first_name_that_there_is() {
        let images = serde_json::json!([
            {"camera": "front", "camera_id": "c0", "sensor_id": "s0"},
            {"camera": null, "camera_id": "c1", "sensor_id": "s1"},
            {"camera": "", "sensor_id": 7},
            {"image_url": "https://storage.avala.ai/a.jpg"},
        ]);
        let names = calibration(&serde_json::json!([{"images": images}])).cameras;
        let names: Vec<_> = names.iter().map(|camera| camera.camera_id.as_deref()).collect();
        assert_eq!(names, [Some("front"), Some("c1"), Some("7"), None]);
    }

    #[test]
    fn what_an_image_does_not_say_the_frame_says() {
        let frame = serde_json::json!({
            "camera_model": "doublesphere", "xi": 0.1, "alpha": "0.55",
            "images": [{"model": "pinhole", "xi": 0.0, "fx": 1000}, {"camera_model": "fisheye"}, {}],
        });
        let cameras = calibration(&serde_json::json!([frame, {"images": [{}]}])).cameras;
        let read: Vec<_> = cameras.iter().map(|c| (c.model.as_deref(), c.xi, c.alpha)).collect();
        assert_eq!(
            read,
            [
                (Some("pinhole"), Some(0.0), Some(0.55)),
                (Some("fisheye"), Some(0.1), Some(0.55)),
                (Some("doublesphere"), Some(0.1), Some(0.55)),
            ]
        );
        assert_eq!(cameras[0].fx, Some(1000.0));
    }

    #[test]
    fn only_the_first_frame_is_read() {
        let frames = serde_json::json!([{"images": [{"camera": "a"}]}, {"images": "not a list"}, 7]);
        assert_eq!(calibration(&frames).cameras.len(), 1);
        let mut sequence = DatasetSequence::new("s1");
        assert_eq!(sequence.calibration().unwrap().cameras, []);
        sequence.frames = Some(frames.into());
        assert_eq!(sequence.frame_count(), 3);
        assert_eq!(sequence.frame(1).unwrap().extra.get("images").unwrap().get(), "\"not a list\"");
        let error = sequence.frame(2).unwrap_err();
        assert!(!error.is_out_of_range());
        assert!(error.to_string().starts_with("frame 2 of sequence s1 cannot be read: invalid type"), "{error}");
        assert!(sequence.frame(3).unwrap_err().is_out_of_range());
        let read: Vec<_> = sequence.typed_frames().map(|frame| frame.is_ok()).collect();
        assert_eq!(read, [true, true, false]);
    }
}
