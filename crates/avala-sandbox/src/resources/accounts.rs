//! Who can own things: users and organizations share one space of names.

use avala_types::{OrganizationUid, OwnerName};

use crate::demo;
use crate::error::ApiError;

/// The accounts that a sandbox knows.
pub(crate) struct Accounts(Vec<Account>);

pub(crate) struct Account {
    pub(crate) uid: String,
    pub(crate) name: OwnerName,
    is_organization: bool,
}

impl Accounts {
    pub(crate) fn demo() -> Self {
        let account = |uid: &str, name: &str, is_organization| Account {
            uid: uid.to_owned(),
            name: OwnerName::from(name),
            is_organization,
        };
        Self(vec![
            account("5d0f6a53-0b7e-4c39-8a2e-7f4c1de90001", demo::OWNER, false),
            account("5d0f6a53-0b7e-4c39-8a2e-7f4c1de90002", demo::OTHER_OWNER, false),
            account(demo::ORGANIZATION_UID, demo::ORGANIZATION, true),
        ])
    }

    /// The account that a path names, or 404.
    pub(crate) fn in_path(&self, name: &OwnerName) -> Result<&Account, ApiError> {
        self.named(name).ok_or_else(ApiError::not_found)
    }

    pub(crate) fn named(&self, name: &OwnerName) -> Option<&Account> {
        self.0.iter().find(|account| account.name == *name)
    }

    pub(crate) fn user(&self, name: &OwnerName) -> Option<&Account> {
        self.named(name).filter(|account| !account.is_organization)
    }

    pub(crate) fn organization(&self, uid: &OrganizationUid) -> Option<&Account> {
        self.0.iter().find(|account| account.is_organization && account.uid == uid.as_str())
    }
}
