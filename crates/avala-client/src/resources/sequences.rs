//! Sequences of datasets, their frames and calibrations.

use std::sync::Arc;

use avala_types::{
    DatasetCalibration, DatasetFrame, DatasetSequence, DatasetSlug, FrameError, OwnerName, SequenceUid, TypedSequence,
};
use serde::de::DeserializeOwned;

use super::Datasets;
use crate::call::Call;
use crate::decode;
use crate::decode::models::Decoded as _;
use crate::decode::{Decoder, Source};
use crate::endpoint::Endpoint;
use crate::error::{ErrorKind, Failure};
use crate::filters::filters;
use crate::list::List;
use crate::request::Request;

/// Route of a sequence; frames and calibrations are parts of its response.
const SEQUENCE: &str = "/datasets/{owner}/{slug}/sequences/{sequence_uid}/";

impl Datasets {
    /// Lists the sequences of a dataset, usually without their frames (`GET /datasets/{owner}/{slug}/sequences/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut sequences = avala.datasets().list_sequences("acme", "night-drives").items();
    /// while let Some(sequence) = sequences.next().await {
    ///     let sequence = sequence?;
    ///     println!("{}: {} frames", sequence.uid, sequence.frame_count());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_sequences(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
    ) -> List<DatasetSequence, DatasetSequenceFilters> {
        let endpoint = Endpoint::get("datasets.list_sequences", "/datasets/{owner}/{slug}/sequences/");
        self.avala.list(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Gets a sequence with all its frames (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/`).
    ///
    /// [`typed_frames`](Call::typed_frames) decodes all frames at once. To use several parts of a sequence, keep the
    /// returned value: [`get_frame`](Datasets::get_frame) and
    /// [`get_calibration`](Datasets::get_calibration) fetch the whole sequence each time.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let sequence = avala.datasets().get_sequence("acme", "night-drives", "s1").await?;
    /// println!("{}: {} frames", sequence.uid, sequence.frame_count());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_sequence(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
    ) -> Call<DatasetSequence> {
        let endpoint = Endpoint::get("datasets.get_sequence", SEQUENCE);
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), sequence.into().as_str()])
    }

    /// Gets a frame of a sequence; the first one is 0 (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/`).
    ///
    /// Fails with [`ErrorKind::NotFound`], and a [`FrameError`] as its source, if the sequence has fewer frames.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let frame = avala.datasets().get_frame("acme", "night-drives", "s1", 0).await?;
    /// println!("frame {}: {} images", frame.frame_index, frame.images.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_frame(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
        index: usize,
    ) -> Call<DatasetFrame> {
        let endpoint = Endpoint::get("datasets.get_frame", SEQUENCE);
        self.of_sequence(endpoint, owner.into(), slug.into(), sequence.into(), move |sequence| sequence.frame(index))
    }

    /// Gets the cameras of a sequence, from its first frame
    /// (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let calibration = avala.datasets().get_calibration("acme", "night-drives", "s1").await?;
    /// for camera in &calibration.cameras {
    ///     println!("{:?}: {:?} x {:?}", camera.camera_id, camera.width, camera.height);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_calibration(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
    ) -> Call<DatasetCalibration> {
        let endpoint = Endpoint::get("datasets.get_calibration", SEQUENCE);
        self.of_sequence(endpoint, owner.into(), slug.into(), sequence.into(), DatasetSequence::calibration)
    }

    /// Creates a call that gets a sequence and returns a part of it.
    fn of_sequence<T>(
        &self,
        endpoint: Endpoint,
        owner: OwnerName,
        slug: DatasetSlug,
        sequence: SequenceUid,
        part: impl Fn(&DatasetSequence) -> Result<T, FrameError> + Send + Sync + 'static,
    ) -> Call<T> {
        let request = Request::new(endpoint, &[owner.as_str(), slug.as_str(), sequence.as_str()]);
        let decode = move |source: Source<'_>| {
            part(&DatasetSequence::value(source)?).map_err(|error| {
                let kind = if error.is_out_of_range() { ErrorKind::NotFound } else { ErrorKind::Decode };
                let message = error.to_string();
                Failure { source: Some(error.into()), ..Failure::new(kind, message) }
            })
        };
        Call::new(&self.avala, request, Decoder::Derived(Arc::new(decode)))
    }
}

filters! {
    /// Filters of [`Datasets::list_sequences`].
    pub enum DatasetSequenceFilters {
        /// Sorts by this field, such as `name`, or in descending order with a minus: `-name`.
        fn ordering(self, field: impl Into<String>) {
            self.param("ordering", field)
        }
    }
}

impl Call<DatasetSequence> {
    /// Decodes all frames, in the same pass over the response. Their text is not kept.
    ///
    /// To read only a few frames, or the text of a frame, await the call without this and use
    /// [`DatasetSequence::typed_frames`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drive = avala.datasets().get_sequence("acme", "night-drives", "s1").typed_frames().await?;
    /// for frame in &drive.frames {
    ///     println!("{}: {} images", frame.frame_index, frame.images.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn typed_frames(self) -> Call<TypedSequence> {
        self.with_decoder(Decoder::Plain(decode::typed_sequence))
    }

    /// Decodes all frames into your own type, in the same pass over the response.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Lidar { key: String }
    ///
    /// let drive = avala.datasets().get_sequence("acme", "night-drives", "s1").frames_as::<Lidar>().await?;
    /// let keys: Vec<String> = drive.frames.into_iter().map(|frame| frame.key).collect();
    /// # Ok(())
    /// # }
    /// ```
    pub fn frames_as<F: DeserializeOwned>(self) -> Call<TypedSequence<F>> {
        self.with_decoder(Decoder::Plain(decode::sequence_of::<F>))
    }
}
