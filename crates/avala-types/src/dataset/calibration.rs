//! The rig that recorded a sequence.

use crate::dataset::{DatasetFrame, FrameImage};
use crate::model::model;
use crate::{Json, Quat, SequenceUid, Vec3};

model! {
    /// The cameras that recorded a sequence, as its first frame has them.
    ///
    /// Made by [`DatasetSequence::calibration`](crate::DatasetSequence::calibration).
    pub struct DatasetCalibration {
        required {
            /// The sequence.
            sequence_uid: SequenceUid,
        }
        optional {
            /// Its cameras, in the order of the frame's images.
            cameras: Vec<CameraCalibration>,
            /// What is calibrated for the dataset as a whole: a free-form object.
            dataset_level_camera_calibration: Option<Json>,
        }
    }
}

model! {
    /// Where a camera is, how it is turned and how it projects.
    pub struct CameraCalibration {
        required {}
        optional {
            /// The name of the camera.
            camera_id: Option<String>,
            /// Where it is.
            position: Option<Vec3>,
            /// How it is turned.
            heading: Option<Quat>,
            /// The width of its images in pixels.
            width: Option<u32>,
            /// The height of its images in pixels.
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
            /// The first parameter of the unified and the double sphere camera models.
            xi: Option<f64>,
            /// The second parameter of the double sphere camera model.
            alpha: Option<f64>,
        }
    }
}

impl CameraCalibration {
    /// The camera that took an image. Its model, xi and alpha are the frame's where the image has none.
    pub(crate) fn of(image: &FrameImage, frame: &DatasetFrame) -> Self {
        Self {
            // Uploaders name their cameras in three ways; the first one that is there and not empty counts.
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

/// A name that may also be a number.
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
    use crate::DatasetSequence;

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
