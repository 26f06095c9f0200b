//! A sequence of frames.

use crate::dataset::DataType;
use crate::dataset::{DatasetCalibration, DatasetFrame, FrameError};
#[cfg(feature = "bytes")]
use crate::decode::from_json_strict;
use crate::id::{DatasetUid, SequenceUid};
use crate::json::Elements;
use crate::json::Json;
use crate::model::model;

model! {
    /// A sequence: frames in time order, each with sensor data.
    ///
    /// Frames may be most of the bytes of a sequence, so they stay text until they are requested:
    /// [`frame`](DatasetSequence::frame) decodes one, [`typed_frames`](DatasetSequence::typed_frames) all in sequence.
    #[derive(Eq, Hash)]
    pub struct DatasetSequence {
        required {
            /// Unique identifier (UID).
            uid: SequenceUid,
        }
        optional {
            /// Whether it is hidden from annotators.
            is_hidden: Option<bool>,
            /// Path in the dataset.
            key: Option<String>,
            /// UUID set by the uploader.
            custom_uuid: Option<String>,
            /// Status, free text.
            status: Option<String>,
            /// Featured image URL.
            featured_image: Option<String>,
            /// Number of frames.
            number_of_frames: Option<u64>,
            /// Views, a list of free-form objects.
            views: Option<Json>,
            /// Crop data, a free-form object.
            crop_data: Option<Json>,
            /// Predefined labels, a list of free-form objects.
            predefined_labels: Option<Json>,
            /// Frames, a list of objects; absent in lists of sequences.
            frames: Option<Json>,
            /// Metrics, a free-form object.
            metrics: Option<Json>,
            /// Dataset.
            dataset_uid: Option<DatasetUid>,
            /// Data type of the dataset.
            dataset_data_type: Option<DataType>,
            /// Device name, set by the uploader.
            device_id: Option<String>,
            /// Whether manual LiDAR calibration is allowed.
            allow_lidar_calibration: Option<bool>,
            /// Whether the LiDAR calibration is enabled.
            lidar_calibration_enabled: Option<bool>,
            /// Whether the camera calibration is enabled.
            camera_calibration_enabled: Option<bool>,
            /// Manual camera calibrations, a list of free-form objects.
            camera_calibration: Option<Json>,
            /// Assignment history, a list of free-form objects.
            coc_timeline: Option<Json>,
            /// Whether the workflow has ended.
            is_workflow_terminal: Option<bool>,
            /// Status workflow state, a free-form object.
            sequence_status_workflow: Option<Json>,
            /// Deliverable workflow state, a free-form object.
            sequence_deliverable_workflow: Option<Json>,
        }
    }
}

#[cfg(feature = "bytes")]
impl DatasetSequence {
    /// Decodes a response strictly, and shares its bytes instead of copying the frames.
    ///
    /// The bytes stay in memory as long as the sequence or a clone of its `frames`. So they are shared only if the
    /// frames are at least half of them. `None` if they are not, and if the response is not what
    /// [`from_json_strict`](crate::from_json_strict) decodes: use [`from_json`](crate::from_json) then.
    ///
    /// ```
    /// use avala_types::DatasetSequence;
    ///
    /// let response = bytes::Bytes::from_static(br#"{"uid": "s1", "frames": [{"key": "0.pcd"}, {"key": "1.pcd"}]}"#);
    /// let sequence = DatasetSequence::from_shared(&response).expect("mostly frames");
    /// assert_eq!(sequence.frames.expect("sent").get().as_ptr(), response[24..].as_ptr());
    /// ```
    #[must_use]
    pub fn from_shared(response: &bytes::Bytes) -> Option<Self> {
        let text = std::str::from_utf8(response).ok()?;
        let place = crate::plain_json::place_of(text, "frames")?;
        if place.len() < text.len() / 2 {
            return None;
        }
        // The other fields are few bytes, and are decoded without the frames.
        let rest = format!("{}null{}", text.get(..place.start)?, text.get(place.end..)?);
        let mut sequence: Self = from_json_strict(&rest).ok()?;
        sequence.frames = Some(Json::shared(response.slice(place)));
        Some(sequence)
    }
}

impl DatasetSequence {
    /// Returns the number of frames: the server's value, or else the number of frames in the response.
    #[must_use]
    pub fn frame_count(&self) -> u64 {
        self.number_of_frames.unwrap_or_else(|| self.raw_frames().count() as u64)
    }

    /// Decodes the frame at an index, from 0. Earlier frames are skipped, not decoded.
    ///
    /// ```
    /// # use avala_types::DatasetSequence;
    /// let json = r#"{"uid": "s1", "frames": [{"key": "0.pcd"}, {"key": "1.pcd", "device_position": {"x": 4, "y": 0, "z": 0}}]}"#;
    /// let sequence: DatasetSequence = serde_json::from_str(json)?;
    /// let frame = sequence.frame(1)?;
    /// assert_eq!(frame.device_position.expect("sent").x, 4.0);
    /// assert_eq!(sequence.frame(2).unwrap_err().to_string(), "frame 2 is out of range: sequence s1 came with 2 frames");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Fails if the sequence has fewer frames, or if the frame cannot be decoded.
    pub fn frame(&self, index: usize) -> Result<DatasetFrame, FrameError> {
        let mut frames = self.raw_frames();
        // There is nothing to read after the last one.
        let _ = index.checked_sub(1).and_then(|before| frames.nth(before));
        match DatasetFrame::read_next(index, &mut frames) {
            Some(frame) => frame.map_err(|error| FrameError::decode(&self.uid, index, error)),
            None => Err(FrameError::out_of_range(&self.uid, index, self.raw_frames().count())),
        }
    }

    /// Decodes the frames one at a time.
    pub fn typed_frames(&self) -> impl Iterator<Item = Result<DatasetFrame, FrameError>> {
        let mut frames = self.raw_frames();
        (0..).map_while(move |index| {
            let frame = DatasetFrame::read_next(index, &mut frames)?;
            Some(frame.map_err(|error| FrameError::decode(&self.uid, index, error)))
        })
    }

    /// Returns the calibration of the first frame; without cameras if the response has no frames.
    ///
    /// # Errors
    /// Fails if the first frame cannot be decoded.
    pub fn calibration(&self) -> Result<DatasetCalibration, FrameError> {
        let mut calibration = DatasetCalibration::new(&self.uid);
        if self.raw_frames().next().is_some() {
            calibration.cameras = self.frame(0)?.cameras();
        }
        Ok(calibration)
    }

    /// Returns the undecoded frames.
    #[must_use]
    pub fn raw_frames(&self) -> Elements<'_> {
        self.frames.as_ref().map(Json::elements).unwrap_or_default()
    }
}

#[cfg(all(test, feature = "bytes"))]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn shared_sequence_equals_a_copied_one() {
        let frames =
            r#"[{"key":"0","images":[{"fx":1.50,"image_url":"https://storage.avala.ai/0.jpg"}]}, {"key":"1"}]"#;
        let text = format!(r#"{{"number_of_frames":2,"uid":"s1", "frames" : {frames} ,"new":[1.50]}}"#);
        let shared = DatasetSequence::from_shared(&Bytes::from(text.clone())).unwrap();
        let copied: DatasetSequence = from_json_strict(&text).unwrap();
        assert_eq!(shared, copied);
        assert_eq!(shared.frames.as_ref().unwrap().get(), frames);
        assert_eq!(shared.frame(1).unwrap().key.as_deref(), Some("1"));
        assert_eq!(serde_json::to_string(&shared).unwrap(), serde_json::to_string(&copied).unwrap());
    }

    #[test]
    fn response_that_is_not_mostly_frames_is_not_kept() {
        for text in [
            r#"{"uid":"s1","frames":[{}],"new":"a field that is longer than all frames"}"#,
            r#"{"uid":"s1","frames":null}"#,
            r#"{"uid":"s1"}"#,
            r#"{"frames":[{},{},{},{},{},{},{},{},{}]}"#,
            r#"{"frames":[{},{},{},{},{},{},{},{},{}],"uid":7}"#,
            r#"{"uid":"s1","frames":[{},{},{},{},{},{},{},{},{}]"#,
        ] {
            assert_eq!(DatasetSequence::from_shared(&Bytes::from(text)), None, "{text}");
        }
    }
}
