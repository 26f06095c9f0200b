//! Managed uploads of MCAP recordings, which the server verifies by their hashes and publishes as a dataset.

use avala_types::{
    AdmitManagedUpload, FinalizeManagedUpload, GenerationUid, GrantManagedParts, InitManagedMultipart,
    ManagedFinalizeResponse, ManagedFleetUploadStatus, ManagedMultipart, ManagedPartGrants, ManagedProgress,
    ManagedUploadProtocol, OriginalUid, RecordingUid, UploadSessionUid,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;

/// Managed uploads of MCAP recordings, for organizations that are enrolled. Created by
/// [`Fleet::managed_uploads`](super::Fleet::managed_uploads).
///
/// The order of the calls is [`admit`](Self::admit), then for each file [`init_multipart`](Self::init_multipart),
/// [`get_progress`](Self::get_progress), and [`grant_parts`](Self::grant_parts) with a PUT for each part, and at the
/// end [`finalize`](Self::finalize). [`get_status`](Self::get_status) returns the progress of the server.
#[derive(Clone, Debug)]
pub struct FleetManagedUploads {
    avala: Avala,
}

impl FleetManagedUploads {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Starts an upload with the paths, sizes and hashes of all its files
    /// (`POST /fleet/recordings/{recording_uid}/managed-upload/admit/`).
    ///
    /// The caller chooses the session's UUID, so the call is retried like one that changes nothing.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AdmitManagedUpload, ManagedFile, ManagedUploadProtocol};
    ///
    /// let session = "9e107d9d-372b-4b68-a4a3-5d1c8f3a2b01"; // your own UUID, kept for a repetition
    /// let file = ManagedFile::new("drive.mcap", 734_003_200_u64, "b94d27b9934d3e08a52e52d7da7dabfa");
    /// let upload = AdmitManagedUpload::new(ManagedUploadProtocol::McapV1, session, [file]);
    /// let status = avala.fleet().managed_uploads().admit("r1", &upload).await?;
    /// for file in &status.files {
    ///     println!("{}: {} parts of {} bytes", file.path, file.part_count, file.part_size);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn admit(
        &self,
        recording: impl Into<RecordingUid>,
        upload: &AdmitManagedUpload,
    ) -> Call<ManagedFleetUploadStatus> {
        let route = "/fleet/recordings/{recording_uid}/managed-upload/admit/";
        let endpoint = Endpoint::post("fleet.managed_uploads.admit", route);
        let call = self.avala.call(endpoint, &[recording.into().as_str()]).json(upload);
        call.options(|options| options.repeatable = Some(true))
    }

    /// Gets the state of an upload (`GET /fleet/recordings/{recording_uid}/managed-upload/status/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let status = avala.fleet().managed_uploads().get_status("r1", "us1").await?;
    /// println!("{}: {} of {} files", status.status, status.confirmed_files, status.total_files);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_status(
        &self,
        recording: impl Into<RecordingUid>,
        session: impl Into<UploadSessionUid>,
    ) -> Call<ManagedFleetUploadStatus> {
        let route = "/fleet/recordings/{recording_uid}/managed-upload/status/";
        let endpoint = Endpoint::get("fleet.managed_uploads.get_status", route);
        let call = self.avala.call(endpoint, &[recording.into().as_str()]);
        call.param("protocol", ManagedUploadProtocol::McapV1.as_str()).param("session_uid", session.into().as_str())
    }

    /// Starts the multipart upload of a file
    /// (`POST /fleet/recordings/{recording_uid}/managed-upload/multipart/init/`).
    ///
    /// A second call could create a second multipart upload, so this call is retried only if it certainly was not
    /// processed.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{InitManagedMultipart, ManagedUploadProtocol};
    ///
    /// let file = InitManagedMultipart::new(ManagedUploadProtocol::McapV1, "us1", "f1");
    /// let multipart = avala.fleet().managed_uploads().init_multipart("r1", &file).await?;
    /// println!("{} parts of {} bytes", multipart.part_count, multipart.part_size);
    /// # Ok(())
    /// # }
    /// ```
    pub fn init_multipart(
        &self,
        recording: impl Into<RecordingUid>,
        file: &InitManagedMultipart,
    ) -> Call<ManagedMultipart> {
        let route = "/fleet/recordings/{recording_uid}/managed-upload/multipart/init/";
        let endpoint = Endpoint::post("fleet.managed_uploads.init_multipart", route);
        self.avala.call(endpoint, &[recording.into().as_str()]).json(file)
    }

    /// Gets one page of the parts that the storage has
    /// (`GET /fleet/recordings/{recording_uid}/managed-upload/multipart/progress/`).
    ///
    /// Continue with [`after`](Call::after) while a page has a `next_cursor`.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), Box<dyn std::error::Error>> {
    /// let progress = avala.fleet().managed_uploads().get_progress("r1", "us1", "f1", "g1").await?;
    /// for part in progress.stored_parts()? {
    ///     println!("part {}: {} bytes", part.part_number, part.size);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_progress(
        &self,
        recording: impl Into<RecordingUid>,
        session: impl Into<UploadSessionUid>,
        file: impl Into<OriginalUid>,
        generation: impl Into<GenerationUid>,
    ) -> Call<ManagedProgress, ManagedProgressFilters> {
        let route = "/fleet/recordings/{recording_uid}/managed-upload/multipart/progress/";
        let endpoint = Endpoint::get("fleet.managed_uploads.get_progress", route);
        let call = self.avala.call(endpoint, &[recording.into().as_str()]);
        call.param("protocol", ManagedUploadProtocol::McapV1.as_str())
            .param("session_uid", session.into().as_str())
            .param("file_uid", file.into().as_str())
            .param("generation_uid", generation.into().as_str())
    }

    /// Requests grants to store parts
    /// (`POST /fleet/recordings/{recording_uid}/managed-upload/multipart/parts/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), Box<dyn std::error::Error>> {
    /// use avala_client::types::{GrantManagedParts, ManagedUploadProtocol};
    ///
    /// let parts = GrantManagedParts::new(ManagedUploadProtocol::McapV1, "us1", "f1", "g1", [1_u64, 2]);
    /// for grant in avala.fleet().managed_uploads().grant_parts("r1", &parts).await?.grants()? {
    ///     println!("part {}: {} bytes from {}", grant.part_number, grant.size_bytes, grant.offset);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn grant_parts(
        &self,
        recording: impl Into<RecordingUid>,
        parts: &GrantManagedParts,
    ) -> Call<ManagedPartGrants> {
        let route = "/fleet/recordings/{recording_uid}/managed-upload/multipart/parts/";
        let endpoint = Endpoint::post("fleet.managed_uploads.grant_parts", route);
        let call = self.avala.call(endpoint, &[recording.into().as_str()]).json(parts);
        call.options(|options| options.repeatable = Some(true))
    }

    /// Ends an upload, so that the server verifies and publishes its files
    /// (`POST /fleet/recordings/{recording_uid}/managed-upload/finalize/`).
    ///
    /// A repeated call returns the same finalization.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{FinalizeManagedUpload, FinalizedFile, ManagedUploadProtocol};
    ///
    /// let upload = FinalizeManagedUpload::new(ManagedUploadProtocol::McapV1, "us1", [FinalizedFile::new("f1", "g1")]);
    /// let response = avala.fleet().managed_uploads().finalize("r1", &upload).await?;
    /// println!("{:?}", response.finalization.map(|finalization| finalization.state));
    /// # Ok(())
    /// # }
    /// ```
    pub fn finalize(
        &self,
        recording: impl Into<RecordingUid>,
        upload: &FinalizeManagedUpload,
    ) -> Call<ManagedFinalizeResponse> {
        let route = "/fleet/recordings/{recording_uid}/managed-upload/finalize/";
        let endpoint = Endpoint::post("fleet.managed_uploads.finalize", route);
        let call = self.avala.call(endpoint, &[recording.into().as_str()]).json(upload);
        call.options(|options| options.repeatable = Some(true))
    }
}

filters! {
    /// Filters of [`FleetManagedUploads::get_progress`].
    pub enum ManagedProgressFilters for Call {
        /// Continues after the part with this number.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), Box<dyn std::error::Error>> {
        /// let uploads = avala.fleet().managed_uploads();
        /// let mut page = uploads.get_progress("r1", "us1", "f1", "g1").await?;
        /// while let Some(cursor) = page.next_cursor {
        ///     page = uploads.get_progress("r1", "us1", "f1", "g1").after(cursor).await?;
        ///     println!("{} more parts", page.stored_parts()?.len());
        /// }
        /// # Ok(())
        /// # }
        /// ```
        fn after(self, part_number: u64) {
            self.param("after", part_number.to_string())
        }
    }
}
