//! Annotations, edited in bulk.

mod chunks;

use avala_types::{BulkEdit, DatasetSlug, Json, OwnerName};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

pub use chunks::{BulkEditChunks, BulkEditError};

/// Calls for annotations, edited in bulk. Returned by [`Avala::annotations`].
#[derive(Clone, Debug)]
pub struct Annotations {
    avala: Avala,
}

impl Annotations {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Edits any number of annotations of a dataset (`POST /datasets/{owner}/{slug}/bulk-edition/`), in as many calls
    /// as it takes.
    ///
    /// [`BulkEdit`] describes the edits. When a call fails, the [`BulkEditError`] can be
    /// [resumed](BulkEditError::resume).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use serde_json::json;
    ///
    /// let edits = ["ob1", "ob2"].map(|uuid| json!({"action": "delete", "object_uuid": uuid, "sequence_uid": "s1"}));
    /// let responses = avala.annotations().bulk_edit("acme", "night-drives", edits).await?;
    /// println!("{} chunks", responses.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn bulk_edit(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        edits: impl IntoIterator<Item: Into<Json>>,
    ) -> BulkEditChunks {
        BulkEditChunks::new(self.chunk(&owner.into(), &slug.into()), edits.into_iter().map(Into::into).collect())
    }

    /// Edits annotations of a dataset in one call (`POST /datasets/{owner}/{slug}/bulk-edition/`), which takes at most
    /// [`BulkEdit::MAX_EDITS`] edits.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::BulkEdit;
    /// use serde_json::json;
    ///
    /// let edits = BulkEdit::new([json!({"action": "delete", "object_uuid": "ob1", "sequence_uid": "s1"})]);
    /// let response = avala.annotations().bulk_edit_chunk("acme", "night-drives", &edits).await?;
    /// println!("{}", response.get());
    /// # Ok(())
    /// # }
    /// ```
    pub fn bulk_edit_chunk(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        edits: &BulkEdit,
    ) -> Call<Json> {
        self.chunk(&owner.into(), &slug.into()).json(edits)
    }

    /// Returns the call for a chunk, without its edits. The server keys edits by object and item, so that they can
    /// safely be sent twice.
    fn chunk(&self, owner: &OwnerName, slug: &DatasetSlug) -> Call<Json> {
        let endpoint = Endpoint::post("annotations.bulk_edit", "/datasets/{owner}/{slug}/bulk-edition/");
        let call = self.avala.call(endpoint, &[owner.as_str(), slug.as_str()]);
        call.options(|options| options.repeatable = Some(true))
    }
}
