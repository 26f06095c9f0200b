//! Auto-label jobs: annotations made by a model.

use std::time::Duration;

use avala_types::{AutoLabelJob, AutoLabelJobStatus, AutoLabelJobUid, CreateAutoLabelJob, ProjectUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;
use crate::wait::{Progress, Wait};

/// Calls for auto-label jobs: annotations made by a model. Returned by [`Avala::auto_label_jobs`].
#[derive(Clone, Debug)]
pub struct AutoLabelJobs {
    avala: Avala,
}

impl AutoLabelJobs {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Starts a job that annotates a project with a model (`POST /projects/{project_uid}/auto-label/`).
    ///
    /// Wait for its end with [`wait`](AutoLabelJobs::wait).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AutoLabelModelType, CreateAutoLabelJob};
    ///
    /// let payload = CreateAutoLabelJob::default().model_type(AutoLabelModelType::Sam3).labels(["car", "van"]);
    /// let job = avala.auto_label_jobs().create("p1", &payload).await?;
    /// let job = avala.auto_label_jobs().wait(&job.uid).await?;
    /// println!("{:?} of {:?} items", job.successful_items, job.total_items);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, project: impl Into<ProjectUid>, job: &CreateAutoLabelJob) -> Call<AutoLabelJob> {
        let endpoint = Endpoint::post("auto_label_jobs.create", "/projects/{project_uid}/auto-label/");
        self.avala.call(endpoint, &[project.into().as_str()]).json(job)
    }

    /// Lists the auto-label jobs of the account (`GET /auto-label-jobs/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::AutoLabelJobStatus;
    ///
    /// let mut jobs = avala.auto_label_jobs().list().project("p1").status(AutoLabelJobStatus::Running).items();
    /// while let Some(job) = jobs.next().await {
    ///     let job = job?;
    ///     println!("{:?}: {:?} of {:?} items", job.status, job.processed_items, job.total_items);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<AutoLabelJob, AutoLabelJobFilters> {
        self.avala.list(Endpoint::get("auto_label_jobs.list", "/auto-label-jobs/"), &[])
    }

    /// Gets an auto-label job (`GET /auto-label-jobs/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let job = avala.auto_label_jobs().get("j1").await?;
    /// println!("{:?}: {:?} of {:?} items", job.status, job.processed_items, job.total_items);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<AutoLabelJobUid>) -> Call<AutoLabelJob> {
        self.avala.call(Endpoint::get("auto_label_jobs.get", "/auto-label-jobs/{uid}/"), &[uid.into().as_str()])
    }

    /// Stops an auto-label job (`DELETE /auto-label-jobs/{uid}/`), which stays in the list as `canceled`.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.auto_label_jobs().cancel("j1").await {
    ///     Ok(()) => println!("canceled"),
    ///     Err(error) if error.is_not_found() => println!("there is no such job"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&self, uid: impl Into<AutoLabelJobUid>) -> Call<()> {
        let endpoint = Endpoint::delete("auto_label_jobs.cancel", "/auto-label-jobs/{uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }

    /// Waits until an auto-label job is done: polls every 5 seconds, for at most an hour.
    ///
    /// A job that failed or was canceled fails the wait with [`ErrorKind::JobFailed`](crate::ErrorKind::JobFailed).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let job = avala.auto_label_jobs().wait("j1").await?;
    /// println!("{:?}: {:?} of {:?} items", job.status, job.processed_items, job.total_items);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&self, uid: impl Into<AutoLabelJobUid>) -> Wait<AutoLabelJob> {
        Wait::new(self.get(uid), Duration::from_secs(5), Duration::from_secs(3600), progress)
    }
}

fn progress(job: &AutoLabelJob) -> Progress {
    match &job.status {
        Some(AutoLabelJobStatus::Completed) => Progress::Ready,
        Some(status) if status.is_terminal() => {
            let reason = job.error_message.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Progress::Failed(format!("auto-label job {} ended as `{status}`{reason}", job.uid))
        }
        status => Progress::Running(status.as_ref().map(ToString::to_string)),
    }
}

filters! {
    /// Filters of [`AutoLabelJobs::list`].
    pub enum AutoLabelJobFilters {
        /// Lists only jobs of this project.
        fn project(self, project: impl Into<ProjectUid>) {
            self.param("project", project.into().as_str())
        }

        /// Lists only jobs with this status.
        fn status(self, status: impl Into<AutoLabelJobStatus>) {
            self.param("status", status.into().as_str())
        }
    }
}
