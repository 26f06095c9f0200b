//! Uploads of files that become a dataset: their parts, and their end.

use avala_types::{Json, SignParts, SignedParts, UploadUid};
use serde_json::json;

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

/// Uploads of files that become a dataset: their parts, and their end. Returned by [`Avala::uploads`].
///
/// An upload is begun by [`Datasets::create_manual_upload_url`](crate::resources::Datasets::create_manual_upload_url).
#[derive(Clone, Debug)]
pub struct Uploads {
    avala: Avala,
}

impl Uploads {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Asks for the addresses that parts of a file are sent to
    /// (`POST /datasets/manual-upload/uploads/{upload_uid}/parts/`).
    pub fn sign_parts(&self, upload: impl Into<UploadUid>, parts: &SignParts) -> Call<SignedParts> {
        let route = "/datasets/manual-upload/uploads/{upload_uid}/parts/";
        self.avala.call(Endpoint::post("uploads.sign_parts", route), &[upload.into().as_str()]).json(parts)
    }

    /// Says that the storage has a whole file (`POST /datasets/manual-upload/uploads/{upload_uid}/complete/`).
    pub fn complete(&self, upload: impl Into<UploadUid>) -> Call<Json> {
        let route = "/datasets/manual-upload/uploads/{upload_uid}/complete/";
        let call = self.avala.call(Endpoint::post("uploads.complete", route), &[upload.into().as_str()]);
        // There is nothing to say but that, and the server wants an object all the same.
        call.json(&json!({}))
    }
}
