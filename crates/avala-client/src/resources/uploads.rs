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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::SignParts;
    ///
    /// let signed = avala.uploads().sign_parts("up1", &SignParts::new([1_u64, 2])).await?;
    /// for part in &signed.parts {
    ///     println!("part {}: {} headers", part.part_number, part.headers.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_parts(&self, upload: impl Into<UploadUid>, parts: &SignParts) -> Call<SignedParts> {
        let route = "/datasets/manual-upload/uploads/{upload_uid}/parts/";
        self.avala.call(Endpoint::post("uploads.sign_parts", route), &[upload.into().as_str()]).json(parts)
    }

    /// Completes the upload of a file whose parts are all stored
    /// (`POST /datasets/manual-upload/uploads/{upload_uid}/complete/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let response = avala.uploads().complete("up1").await?;
    /// println!("{}", response.get());
    /// # Ok(())
    /// # }
    /// ```
    pub fn complete(&self, upload: impl Into<UploadUid>) -> Call<Json> {
        let route = "/datasets/manual-upload/uploads/{upload_uid}/complete/";
        let call = self.avala.call(Endpoint::post("uploads.complete", route), &[upload.into().as_str()]);
        // The server requires an object although it has no fields.
        call.json(&json!({}))
    }
}
