//! A sequence of frames.

use crate::dataset::{DatasetCalibration, DatasetFrame, FrameError};
use crate::json::Elements;
use crate::model::model;
use crate::{DataType, DatasetUid, Json, SequenceUid};

model! {
    /// A recording: frames in the order of time, each with its sensors' data.
    ///
    /// The frames come inside the sequence and may be most of its bytes, so they stay text until somebody asks:
    /// [`frame`](DatasetSequence::frame) reads one, [`typed_frames`](DatasetSequence::typed_frames) all of them in turn.
    #[derive(Eq, Hash)]
    pub struct DatasetSequence {
        required {
            /// Its identity.
            uid: SequenceUid,
        }
        optional {
            /// Whether it is left out of annotation.
            is_hidden: bool,
            /// Its path in the dataset.
            key: Option<String>,
            /// An identity that its uploader gave it.
            custom_uuid: Option<String>,
            /// How far it is, in the server's words.
            status: Option<String>,
            /// Where its title image is.
            featured_image: Option<String>,
            /// How many frames it has.
            number_of_frames: Option<u64>,
            /// The views that it can be seen in: a list of free-form objects.
            views: Option<Json>,
            /// How it was cut out of something larger: a free-form object.
            crop_data: Option<Json>,
            /// Labels that annotators choose from: a list of free-form objects.
            predefined_labels: Option<Json>,
            /// Its frames: a list of objects, absent where the server lists sequences without them.
            frames: Option<Json>,
            /// What was measured of it: a free-form object.
            metrics: Option<Json>,
            /// The dataset that it belongs to.
            dataset_uid: Option<DatasetUid>,
            /// What that dataset holds.
            dataset_data_type: Option<DataType>,
            /// The device that recorded it, in its uploader's words.
            device_id: Option<String>,
            /// Whether its LiDAR may be calibrated by hand.
            allow_lidar_calibration: Option<bool>,
            /// Whether the LiDAR calibration is in use.
            lidar_calibration_enabled: Option<bool>,
            /// Whether the camera calibration is in use.
            camera_calibration_enabled: Option<bool>,
            /// What was calibrated of its cameras by hand: a list of free-form objects.
            camera_calibration: Option<Json>,
            /// Who held it at which time: a list of free-form objects.
            coc_timeline: Option<Json>,
            /// Whether its workflow has ended.
            is_workflow_terminal: Option<bool>,
            /// Where it is in the workflow of its status: a free-form object.
            sequence_status_workflow: Option<Json>,
            /// Where it is in the workflow of its deliverable: a free-form object.
            sequence_deliverable_workflow: Option<Json>,
        }
    }
}

impl DatasetSequence {
    /// How many frames it has: what the server says, or else as many as came with it.
    #[must_use]
    pub fn frame_count(&self) -> u64 {
        self.number_of_frames.unwrap_or_else(|| self.raw_frames().count() as u64)
    }

    /// One of the frames that came with it; the first one is 0. Frames before it are passed over, not decoded.
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
    /// When fewer frames came with the sequence, or the frame does not have the shape of one.
    pub fn frame(&self, index: usize) -> Result<DatasetFrame, FrameError> {
        let mut frames = self.raw_frames();
        // Past the last one, there is nothing left to read either.
        let _ = index.checked_sub(1).and_then(|before| frames.nth(before));
        match DatasetFrame::read_next(index, &mut frames) {
            Some(frame) => frame.map_err(|error| FrameError::decode(self, index, error)),
            None => Err(FrameError::out_of_range(self, index, self.raw_frames().count())),
        }
    }

    /// All frames that came with it, decoded one at a time.
    pub fn typed_frames(&self) -> impl Iterator<Item = Result<DatasetFrame, FrameError>> {
        let mut frames = self.raw_frames();
        (0..).map_while(move |index| {
            let frame = DatasetFrame::read_next(index, &mut frames)?;
            Some(frame.map_err(|error| FrameError::decode(self, index, error)))
        })
    }

    /// The rig that recorded it, as its first frame has it; without cameras when no frame came with it.
    ///
    /// # Errors
    /// When the first frame does not have the shape of one.
    pub fn calibration(&self) -> Result<DatasetCalibration, FrameError> {
        let mut calibration = DatasetCalibration::new(&self.uid);
        if self.raw_frames().next().is_some() {
            calibration.cameras = self.frame(0)?.cameras();
        }
        Ok(calibration)
    }

    /// The texts of the frames that came with it.
    #[must_use]
    pub fn raw_frames(&self) -> Elements<'_> {
        self.frames.as_ref().map(Json::elements).unwrap_or_default()
    }
}
