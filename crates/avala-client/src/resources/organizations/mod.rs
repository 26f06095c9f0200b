//! Organizations, and their members, invitations and teams.

mod invitations;
mod members;
mod teams;

use avala_types::{CreateOrganization, Json, Organization, OrganizationSlug, TransferOwnership, UpdateOrganization};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

pub use invitations::InvitationFilters;
pub use members::MemberFilters;

/// Calls for organizations, and their members, invitations and teams. Returned by [`Avala::organizations`].
#[derive(Clone, Debug)]
pub struct Organizations {
    avala: Avala,
}

/// The organizations themselves.
impl Organizations {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates an organization of which you are the owner (`POST /organizations/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::CreateOrganization;
    ///
    /// let organization = CreateOrganization::new("Acme Robotics").industry("robotics");
    /// let organization = avala.organizations().create(&organization).await?;
    /// println!("{}: {:?} plan", organization.slug, organization.plan);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, organization: &CreateOrganization) -> Call<Organization> {
        self.avala.call(Endpoint::post("organizations.create", "/organizations/"), &[]).json(organization)
    }

    /// Lists the organizations of which you are a member (`GET /organizations/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut organizations = avala.organizations().list().items();
    /// while let Some(organization) = organizations.next().await {
    ///     let organization = organization?;
    ///     println!("{}: {:?} members", organization.name, organization.member_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Organization, OrganizationFilters> {
        self.avala.list(Endpoint::get("organizations.list", "/organizations/"), &[])
    }

    /// Gets an organization (`GET /organizations/{slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let organization = avala.organizations().get("acme").await?;
    /// println!("{}: {:?} members", organization.name, organization.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, slug: impl Into<OrganizationSlug>) -> Call<Organization> {
        self.avala.call(Endpoint::get("organizations.get", "/organizations/{slug}/"), &[slug.into().as_str()])
    }

    /// Updates an organization (`PATCH /organizations/{slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateOrganization;
    ///
    /// let changes = UpdateOrganization::default().website("https://acme.example");
    /// let organization = avala.organizations().update("acme", &changes).await?;
    /// println!("{}: {:?}", organization.name, organization.website);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, slug: impl Into<OrganizationSlug>, changes: &UpdateOrganization) -> Call<Organization> {
        let endpoint = Endpoint::patch("organizations.update", "/organizations/{slug}/");
        self.avala.call(endpoint, &[slug.into().as_str()]).json(changes)
    }

    /// Deletes an organization (`DELETE /organizations/{slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.organizations().delete("acme").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such organization"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, slug: impl Into<OrganizationSlug>) -> Call<()> {
        self.avala.command(Endpoint::delete("organizations.delete", "/organizations/{slug}/"), &[slug.into().as_str()])
    }

    /// Leaves an organization (`POST /organizations/{slug}/leave/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// avala.organizations().leave("acme").await?;
    /// println!("no longer a member");
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave(&self, slug: impl Into<OrganizationSlug>) -> Call<()> {
        let endpoint = Endpoint::post("organizations.leave", "/organizations/{slug}/leave/");
        self.avala.command(endpoint, &[slug.into().as_str()])
    }

    /// Transfers an organization to another member (`POST /organizations/{slug}/transfer-ownership/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::TransferOwnership;
    ///
    /// avala.organizations().transfer_ownership("acme", &TransferOwnership::new("u2")).await?;
    /// println!("my role is now {:?}", avala.organizations().get("acme").await?.role);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transfer_ownership(&self, slug: impl Into<OrganizationSlug>, to: &TransferOwnership) -> Call<()> {
        let endpoint = Endpoint::post("organizations.transfer_ownership", "/organizations/{slug}/transfer-ownership/");
        self.avala.command(endpoint, &[slug.into().as_str()]).json(to)
    }

    /// Gets the industries to choose from, as free-form JSON (`GET /organizations/industry-choices/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{}", avala.organizations().industry_choices().await?.get());
    /// # Ok(())
    /// # }
    /// ```
    pub fn industry_choices(&self) -> Call<Json> {
        self.avala.call(Endpoint::get("organizations.industry_choices", "/organizations/industry-choices/"), &[])
    }
}

filters! {
    /// Filters of [`Organizations::list`].
    pub enum OrganizationFilters: Numbered {}
}
