//! Exports.

use std::time::Duration;

use avala_types::{CreateExport, Export, ExportStatus, ExportUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::concurrency_groups::EXPORTS;
use crate::endpoint::Endpoint;
use crate::list::List;
use crate::wait::{Progress, Wait};

/// Calls for exports. Returned by [`Avala::exports`].
#[derive(Clone, Debug)]
pub struct Exports {
    avala: Avala,
}

impl Exports {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates an export (`POST /exports/`). Wait for its file with [`wait`](Exports::wait).
    ///
    /// The server accepts five at a time, so this client has at most five of these calls in flight:
    /// [`AvalaBuilder::concurrency_limit`](crate::AvalaBuilder::concurrency_limit) of [`EXPORTS`] changes that.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateExport, ExportFormat};
    ///
    /// let of_one_project = avala.exports().create(&CreateExport::project("p1")).await?;
    /// let of_several = CreateExport::lists("March", ExportFormat::Yolo).datasets(["d1", "d2"]);
    /// let of_several = avala.exports().create(&of_several).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, export: &CreateExport) -> Call<Export> {
        let call = self.avala.call(Endpoint::post("exports.create", "/exports/"), &[]).json(export);
        call.concurrency_group(EXPORTS)
    }

    /// Lists the exports of the account (`GET /exports/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut exports = avala.exports().list().items();
    /// while let Some(export) = exports.next().await {
    ///     let export = export?;
    ///     println!("{:?}: {:?} tasks", export.status, export.total_task_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Export> {
        self.avala.list(Endpoint::get("exports.list", "/exports/"), &[])
    }

    /// Gets an export (`GET /exports/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let export = avala.exports().get("e1").await?;
    /// println!("{:?}: {:?} tasks", export.status, export.total_task_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<ExportUid>) -> Call<Export> {
        self.avala.call(Endpoint::get("exports.get", "/exports/{uid}/"), &[uid.into().as_str()])
    }

    /// Waits until an export is complete: polls every 2 seconds, for at most 5 minutes.
    ///
    /// An export that failed fails the wait with [`ErrorKind::JobFailed`](crate::ErrorKind::JobFailed).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let export = avala.exports().wait("e1").await?;
    /// println!("{:?}: {:?} tasks", export.status, export.total_task_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&self, uid: impl Into<ExportUid>) -> Wait<Export> {
        Wait::new(self.get(uid), Duration::from_secs(2), Duration::from_secs(300), |export| match &export.status {
            Some(ExportStatus::Failed) => Progress::Failed(format!("export {} ended as `failed`", export.uid)),
            Some(status) if status.is_terminal() => Progress::Ready,
            status => Progress::Running(status.as_ref().map(ToString::to_string)),
        })
    }
}
