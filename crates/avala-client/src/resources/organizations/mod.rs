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
    pub fn create(&self, organization: &CreateOrganization) -> Call<Organization> {
        self.avala.call(Endpoint::post("organizations.create", "/organizations/"), &[]).json(organization)
    }

    /// Lists the organizations of which you are a member (`GET /organizations/`).
    pub fn list(&self) -> List<Organization, OrganizationFilters> {
        self.avala.list(Endpoint::get("organizations.list", "/organizations/"), &[])
    }

    /// Gets an organization (`GET /organizations/{slug}/`).
    pub fn get(&self, slug: impl Into<OrganizationSlug>) -> Call<Organization> {
        self.avala.call(Endpoint::get("organizations.get", "/organizations/{slug}/"), &[slug.into().as_str()])
    }

    /// Updates an organization (`PATCH /organizations/{slug}/`).
    pub fn update(&self, slug: impl Into<OrganizationSlug>, changes: &UpdateOrganization) -> Call<Organization> {
        let endpoint = Endpoint::patch("organizations.update", "/organizations/{slug}/");
        self.avala.call(endpoint, &[slug.into().as_str()]).json(changes)
    }

    /// Deletes an organization (`DELETE /organizations/{slug}/`).
    pub fn delete(&self, slug: impl Into<OrganizationSlug>) -> Call<()> {
        self.avala.command(Endpoint::delete("organizations.delete", "/organizations/{slug}/"), &[slug.into().as_str()])
    }

    /// Leaves an organization (`POST /organizations/{slug}/leave/`).
    pub fn leave(&self, slug: impl Into<OrganizationSlug>) -> Call<()> {
        let endpoint = Endpoint::post("organizations.leave", "/organizations/{slug}/leave/");
        self.avala.command(endpoint, &[slug.into().as_str()])
    }

    /// Transfers an organization to another of its members (`POST /organizations/{slug}/transfer-ownership/`).
    pub fn transfer_ownership(&self, slug: impl Into<OrganizationSlug>, to: &TransferOwnership) -> Call<()> {
        let endpoint = Endpoint::post("organizations.transfer_ownership", "/organizations/{slug}/transfer-ownership/");
        self.avala.command(endpoint, &[slug.into().as_str()]).json(to)
    }

    /// Gets the industries to choose from, as free-form JSON (`GET /organizations/industry-choices/`).
    pub fn industry_choices(&self) -> Call<Json> {
        self.avala.call(Endpoint::get("organizations.industry_choices", "/organizations/industry-choices/"), &[])
    }
}

filters! {
    /// Filters of [`Organizations::list`].
    pub enum OrganizationFilters: Numbered {}
}
