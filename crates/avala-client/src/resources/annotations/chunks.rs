//! Bulk edits of any size, sent in chunks.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use avala_types::{BulkEdit, Json};

use crate::call::Call;
use crate::error::Error;
use crate::options::{call_options, call_timeout};
use crate::request::Request;

/// Edits of annotations, sent in chunks of [`BulkEdit::MAX_EDITS`], one after the other. Created by
/// [`Annotations::bulk_edit`](crate::resources::Annotations::bulk_edit).
///
/// Returns the responses to all chunks in order. Without edits nothing is sent.
///
/// ```
/// # async fn example(avala: avala_client::Avala, boxes: Vec<String>) -> Result<(), avala_client::Error> {
/// use serde_json::json;
///
/// let edits = boxes.iter().map(|uuid| json!({"action": "delete", "object_uuid": uuid, "sequence_uid": "s1"}));
/// let mut edits = avala.annotations().bulk_edit("acme", "drives", edits);
/// let responses = loop {
///     match edits.await {
///         Ok(responses) => break responses,
///         Err(failed) if failed.error().is_retryable() => edits = failed.resume(),
///         Err(failed) => return Err(failed.into()),
///     }
/// };
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone)]
pub struct BulkEditChunks {
    /// The call for a chunk, without its edits.
    call: Call<Json>,
    /// All edits, including the completed ones.
    edits: Vec<Json>,
    /// The responses to the completed chunks.
    responses: Vec<Json>,
}

impl BulkEditChunks {
    pub(super) fn new(call: Call<Json>, edits: Vec<Json>) -> Self {
        Self { call, edits, responses: Vec::new() }
    }

    #[doc(hidden)] // The former name of `timeout`.
    pub fn deadline(self, time: Duration) -> Self {
        self.timeout(time)
    }

    fn request_mut(&mut self) -> &mut Request {
        self.call.request_mut()
    }

    /// Returns the edits that were not sent yet.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let edits = [serde_json::json!({"action": "delete", "object_uuid": "ob1", "sequence_uid": "s1"})];
    /// let edits = avala.annotations().bulk_edit("acme", "night-drives", edits);
    /// assert_eq!(edits.remaining().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn remaining(&self) -> &[Json] {
        self.edits.get(self.responses.len() * BulkEdit::MAX_EDITS..).unwrap_or_default()
    }

    async fn run(mut self) -> Result<Vec<Json>, BulkEditError> {
        while let Some(chunk) = self.remaining().chunks(BulkEdit::MAX_EDITS).next() {
            match self.call.clone().json(chunk).await {
                Ok(response) => self.responses.push(response),
                Err(error) => return Err(BulkEditError(Box::new(Failed { error, edits: self }))),
            }
        }
        Ok(self.responses)
    }
}

call_options!(BulkEditChunks);
call_timeout!(BulkEditChunks, "the call for each chunk");

impl IntoFuture for BulkEditChunks {
    type Output = Result<Vec<Json>, BulkEditError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for BulkEditChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkEditChunks")
            .field("call", &self.call)
            .field("remaining", &self.remaining().len())
            .finish_non_exhaustive()
    }
}

/// Error of a bulk edit that stopped at a chunk, with everything that is needed to resume it.
///
/// It converts into an [`Error`], also with `?`, if the edit is not resumed.
pub struct BulkEditError(Box<Failed>);

struct Failed {
    error: Error,
    edits: BulkEditChunks,
}

impl BulkEditError {
    /// Returns the error of the chunk.
    ///
    /// ```
    /// # async fn example(failed: avala_client::resources::BulkEditError) -> Result<(), avala_client::Error> {
    /// println!("{:?}, is retryable: {}", failed.error().kind(), failed.error().is_retryable());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0.error
    }

    /// Returns the index of the failed chunk, from 0. All chunks before it are done, and none after it was sent.
    ///
    /// ```
    /// # async fn example(failed: avala_client::resources::BulkEditError) -> Result<(), avala_client::Error> {
    /// println!("chunk {} failed", failed.chunk());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn chunk(&self) -> usize {
        self.responses().len()
    }

    /// Returns the responses to the previous chunks.
    ///
    /// ```
    /// # async fn example(failed: avala_client::resources::BulkEditError) -> Result<(), avala_client::Error> {
    /// for response in failed.responses() {
    ///     println!("done: {}", response.get());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn responses(&self) -> &[Json] {
        &self.0.edits.responses
    }

    /// Returns the edits that are not known to be done: those of the failed chunk, and all after it.
    ///
    /// ```
    /// # async fn example(failed: avala_client::resources::BulkEditError) -> Result<(), avala_client::Error> {
    /// println!("{} edits are left", failed.remaining().len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn remaining(&self) -> &[Json] {
        self.0.edits.remaining()
    }

    /// Resumes at the failed chunk. Returns the responses to all chunks in the end, including the earlier ones.
    ///
    /// ```
    /// # async fn example(failed: avala_client::resources::BulkEditError) -> Result<(), avala_client::Error> {
    /// let responses = failed.resume().await?;
    /// println!("{} chunks", responses.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(self) -> BulkEditChunks {
        self.0.edits
    }
}

impl From<BulkEditError> for Error {
    fn from(failed: BulkEditError) -> Self {
        failed.0.error
    }
}

impl fmt::Display for BulkEditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, left) = (self.chunk(), self.remaining().len());
        write!(f, "chunk {done} failed, {left} edits are left: {}", self.error())
    }
}

impl fmt::Debug for BulkEditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkEditError").field("error", self.error()).field("edits", &self.0.edits).finish()
    }
}

impl std::error::Error for BulkEditError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.error())
    }
}
