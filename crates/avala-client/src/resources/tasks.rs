//! Tasks.

use avala_types::{ProjectUid, Task, TaskStatus, TaskUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for tasks. Returned by [`Avala::tasks`].
#[derive(Clone, Debug)]
pub struct Tasks {
    avala: Avala,
}

impl Tasks {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Lists the tasks that the account can see (`GET /tasks/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::TaskStatus;
    ///
    /// let mut tasks = avala.tasks().list().project("p1").status(TaskStatus::Pending).items();
    /// while let Some(task) = tasks.next().await {
    ///     let task = task?;
    ///     println!("{:?}: {:?}", task.name, task.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Task, TaskFilters> {
        self.avala.list(Endpoint::get("tasks.list", "/tasks/"), &[])
    }

    /// Gets a task (`GET /tasks/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let task = avala.tasks().get("t1").await?;
    /// println!("{:?}: {:?}", task.name, task.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<TaskUid>) -> Call<Task> {
        self.avala.call(Endpoint::get("tasks.get", "/tasks/{uid}/"), &[uid.into().as_str()])
    }
}

filters! {
    /// Filters of [`Tasks::list`].
    pub enum TaskFilters {
        /// Lists only tasks of this project.
        fn project(self, project: impl Into<ProjectUid>) {
            self.param("project", project.into().as_str())
        }

        /// Lists only tasks with this status.
        fn status(self, status: impl Into<TaskStatus>) {
            self.param("status", status.into().as_str())
        }
    }
}
