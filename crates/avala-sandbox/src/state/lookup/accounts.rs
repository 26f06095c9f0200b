//! Lookups and changes of accounts across tables.

use avala_types::{OrganizationUid, OwnerName};

use crate::error::ApiError;
use crate::state::tables::Tables;

impl Tables {
    /// Returns whether this is the name of a user or of an organization.
    pub(crate) fn is_owner(&self, name: &OwnerName) -> bool {
        self.accounts.named(name).is_ok() || self.organizations.find(|row| row.is_called(name)).is_ok()
    }

    /// Checks the owner in a path; 404 if there is none of this name.
    pub(crate) fn check_owner(&self, name: &OwnerName) -> Result<(), ApiError> {
        if self.is_owner(name) { Ok(()) } else { Err(ApiError::not_found()) }
    }

    /// Returns the owner of a new resource: the organization or the account that the body names, or else the caller.
    pub(crate) fn new_owner(
        &self,
        organization: Option<&OrganizationUid>,
        account: Option<&OwnerName>,
        caller: OwnerName,
    ) -> Result<OwnerName, ApiError> {
        match (organization, account) {
            (Some(uid), _) => self.organization_in_field("organization_uid", uid),
            (None, Some(name)) if self.is_owner(name) => Ok(name.clone()),
            (None, Some(name)) => Err(ApiError::no_such("owner_name", name)),
            (None, None) => Ok(caller),
        }
    }

    /// Returns the owner name of the organization whose UID a field of a body has.
    pub(crate) fn organization_in_field(&self, field: &str, uid: &OrganizationUid) -> Result<OwnerName, ApiError> {
        let row = self.organizations.get(uid).map_err(|_| ApiError::no_such(field, uid))?;
        Ok(row.handle())
    }
}
