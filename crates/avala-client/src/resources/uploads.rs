//! Multipart uploads of files that become a dataset.

use avala_types::{Json, SignParts, SignedParts, UploadUid};
use serde_json::json;

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

/// Calls for multipart uploads of files that become a dataset. Returned by [`Avala::uploads`].
///
/// An upload starts with [`Datasets::create_manual_upload_url`](crate::resources::Datasets::create_manual_upload_url).
#[derive(Clone, Debug)]
pub struct Uploads {
    avala: Avala,
}

impl Uploads {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Requests presigned URLs for parts of a file
    /// (`POST /datasets/manual-upload/uploads/{upload_uid}/parts/`).
    pub fn sign_parts(&self, upload: impl Into<UploadUid>, parts: &SignParts) -> Call<SignedParts> {
        let route = "/datasets/manual-upload/uploads/{upload_uid}/parts/";
        self.avala.call(Endpoint::post("uploads.sign_parts", route), &[upload.into().as_str()]).json(parts)
    }

    /// Completes the upload of a file whose parts are all stored
    /// (`POST /datasets/manual-upload/uploads/{upload_uid}/complete/`).
    pub fn complete(&self, upload: impl Into<UploadUid>) -> Call<Json> {
        let route = "/datasets/manual-upload/uploads/{upload_uid}/complete/";
        let call = self.avala.call(Endpoint::post("uploads.complete", route), &[upload.into().as_str()]);
        // The server requires an object although it has no fields.
        call.json(&json!({}))
    }
}
