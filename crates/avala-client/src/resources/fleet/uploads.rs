//! Uploads of the files of recordings: a presigned URL for each file, and a confirmation.

use avala_types::{
    ConfirmUpload, FinalizeUpload, GetUploadUrls, InitUpload, RecordingUid, UploadConfirmResponse,
    UploadFinalizeResponse, UploadSession, UploadStatusResponse, UploadUrlsResponse,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

/// Calls for uploads of the files of recordings. Returned by [`Fleet::uploads`](super::Fleet::uploads).
#[derive(Clone, Debug)]
pub struct FleetUploads {
    avala: Avala,
}

impl FleetUploads {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Starts an upload with the names and sizes of all its files
    /// (`POST /fleet/recordings/{recording_uid}/upload/init/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{InitUpload, UploadFile};
    ///
    /// let upload = InitUpload::new([UploadFile::new("drive.mcap", 734_003_200_u64)]);
    /// let session = avala.fleet().uploads().init_upload("r1", &upload).await?;
    /// println!("session {}: {:?} files", session.uid, session.total_files);
    /// # Ok(())
    /// # }
    /// ```
    pub fn init_upload(&self, recording: impl Into<RecordingUid>, upload: &InitUpload) -> Call<UploadSession> {
        let endpoint = Endpoint::post("fleet.uploads.init_upload", "/fleet/recordings/{recording_uid}/upload/init/");
        self.avala.call(endpoint, &[recording.into().as_str()]).json(upload)
    }

    /// Requests presigned URLs for files, at most [`GetUploadUrls::MAX_PATHS`] in one call
    /// (`POST /fleet/recordings/{recording_uid}/upload/urls/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::GetUploadUrls;
    ///
    /// let files = GetUploadUrls::new("us1", ["drive.mcap".to_owned()]).ttl_seconds(900_u64);
    /// for entry in avala.fleet().uploads().get_upload_urls("r1", &files).await?.urls {
    ///     println!("PUT {} with {} headers", entry.path, entry.headers.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_upload_urls(
        &self,
        recording: impl Into<RecordingUid>,
        files: &GetUploadUrls,
    ) -> Call<UploadUrlsResponse> {
        let route = "/fleet/recordings/{recording_uid}/upload/urls/";
        let endpoint = Endpoint::post("fleet.uploads.get_upload_urls", route);
        self.avala.call(endpoint, &[recording.into().as_str()]).json(files)
    }

    /// Confirms that files are stored, at most [`ConfirmUpload::MAX_FILES`] in one call
    /// (`POST /fleet/recordings/{recording_uid}/upload/confirm/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{ConfirmUpload, ConfirmedFile};
    ///
    /// let files = ConfirmUpload::new("us1", [ConfirmedFile::new("drive.mcap", "\"9b2cf535\"", 734_003_200_u64)]);
    /// let confirmed = avala.fleet().uploads().confirm_upload("r1", &files).await?;
    /// println!("{:?} of {:?} files", confirmed.confirmed_files, confirmed.total_files);
    /// # Ok(())
    /// # }
    /// ```
    pub fn confirm_upload(
        &self,
        recording: impl Into<RecordingUid>,
        files: &ConfirmUpload,
    ) -> Call<UploadConfirmResponse> {
        let route = "/fleet/recordings/{recording_uid}/upload/confirm/";
        let endpoint = Endpoint::post("fleet.uploads.confirm_upload", route);
        self.avala.call(endpoint, &[recording.into().as_str()]).json(files)
    }

    /// Ends an upload, so that the server starts to read its files
    /// (`POST /fleet/recordings/{recording_uid}/upload/finalize/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::FinalizeUpload;
    ///
    /// let finalized = avala.fleet().uploads().finalize_upload("r1", &FinalizeUpload::new("us1")).await?;
    /// println!("{:?}", finalized.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn finalize_upload(
        &self,
        recording: impl Into<RecordingUid>,
        upload: &FinalizeUpload,
    ) -> Call<UploadFinalizeResponse> {
        let route = "/fleet/recordings/{recording_uid}/upload/finalize/";
        let endpoint = Endpoint::post("fleet.uploads.finalize_upload", route);
        self.avala.call(endpoint, &[recording.into().as_str()]).json(upload)
    }

    /// Gets the progress of an upload and its missing files (`GET /fleet/recordings/{recording_uid}/upload/status/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let status = avala.fleet().uploads().get_upload_status("r1").await?;
    /// println!("{}: {:?} of {:?} files", status.status, status.confirmed_files, status.total_files);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_upload_status(&self, recording: impl Into<RecordingUid>) -> Call<UploadStatusResponse> {
        let route = "/fleet/recordings/{recording_uid}/upload/status/";
        let endpoint = Endpoint::get("fleet.uploads.get_upload_status", route);
        self.avala.call(endpoint, &[recording.into().as_str()])
    }
}
