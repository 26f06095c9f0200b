//! Projects.

use avala_types::{OwnerName, Project, ProjectUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for projects. Returned by [`Avala::projects`].
#[derive(Clone, Debug)]
pub struct Projects {
    avala: Avala,
}

impl Projects {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Lists the projects of the account (`GET /users/me/projects/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut projects = avala.projects().list().items();
    /// while let Some(project) = projects.next().await {
    ///     let project = project?;
    ///     println!("{}: {:?}", project.name, project.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Project> {
        self.avala.list(Endpoint::get("projects.list", "/users/me/projects/"), &[])
    }

    /// Gets a project (`GET /users/me/projects/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let project = avala.projects().get("p1").await?;
    /// println!("{}: {:?}", project.name, project.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<ProjectUid>) -> Call<Project> {
        self.avala.call(Endpoint::get("projects.get", "/users/me/projects/{uid}/"), &[uid.into().as_str()])
    }
    /// Lists the projects of an owner (`GET /projects/{owner}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut projects = avala.projects().list_by_owner("acme").name("night").items();
    /// while let Some(project) = projects.next().await {
    ///     let project = project?;
    ///     println!("{}: {:?}", project.name, project.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_by_owner(&self, owner: impl Into<OwnerName>) -> List<Project, OwnedProjectFilters> {
        self.avala.list(Endpoint::get("projects.list_by_owner", "/projects/{owner}/"), &[owner.into().as_str()])
    }
}

filters! {
    /// Filters of [`Projects::list_by_owner`].
    pub enum OwnedProjectFilters {
        /// Lists only projects with this in their name.
        fn name(self, name: impl Into<String>) {
            self.param("name", name)
        }

        /// Sorts by this field, such as `name`, or in descending order with a minus: `-name`.
        fn ordering(self, field: impl Into<String>) {
            self.param("ordering", field)
        }
    }
}
