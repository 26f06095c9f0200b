//! Who can own things: users and organizations share one space of names.

use std::collections::HashMap;

use avala_types::{OrganizationUid, OwnerName, UserUid};

use crate::demo;
use crate::error::ApiError;
use crate::resources::Tables;
use crate::table::Table;

/// The users, and the keys that they call with.
pub(crate) struct Accounts {
    users: Table<User>,
    keys: HashMap<Vec<u8>, OwnerName>,
}

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) uid: UserUid,
    pub(crate) name: OwnerName,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
}

impl Accounts {
    /// The users of [`demo`].
    pub(crate) fn demo() -> Self {
        let mut accounts = Self { users: Table::new("users"), keys: HashMap::new() };
        accounts.add(demo::OWNER, "robots@acme.example", "Ada", "Acme");
        accounts.add(demo::OTHER_OWNER, "cranes@harbor.example", "Hari", "Harbor");
        accounts
    }

    pub(crate) fn add(&mut self, name: &str, email: &str, first_name: &str, last_name: &str) -> User {
        let user = self.users.add(|uid| User {
            uid: uid.into(),
            name: name.into(),
            email: email.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
        });
        user.clone()
    }

    /// Lets a user call with this key.
    pub(crate) fn give_key(&mut self, name: &OwnerName, key: &str) {
        self.keys.insert(key.as_bytes().to_vec(), name.clone());
    }

    /// The user who calls with this key.
    pub(crate) fn with_key(&self, key: &[u8]) -> Option<&OwnerName> {
        self.keys.get(key)
    }

    /// The user with this name, or 404.
    pub(crate) fn named(&self, name: &OwnerName) -> Result<&User, ApiError> {
        self.users.find(|user| user.name == *name)
    }

    /// The user with this address, or 404.
    pub(crate) fn with_email(&self, email: &str) -> Result<&User, ApiError> {
        self.users.find(|user| user.email.eq_ignore_ascii_case(email))
    }
}

impl User {
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

impl Tables {
    /// Whether this is the name of a user or of an organization.
    pub(crate) fn is_owner(&self, name: &OwnerName) -> bool {
        self.accounts.named(name).is_ok() || self.organizations.find(|row| row.is_called(name)).is_ok()
    }

    /// 404 when a path names an owner who does not exist.
    pub(crate) fn check_owner(&self, name: &OwnerName) -> Result<(), ApiError> {
        if self.is_owner(name) { Ok(()) } else { Err(ApiError::not_found()) }
    }

    /// The name of the owner whom a new thing gets: the organization that the body names, the account that it names,
    /// or the caller.
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

    /// The name that the organization with this uid owns things under, which a field of a body names.
    pub(crate) fn organization_in_field(&self, field: &str, uid: &OrganizationUid) -> Result<OwnerName, ApiError> {
        let row = self.organizations.get(uid).map_err(|_| ApiError::no_such(field, uid))?;
        Ok(row.handle())
    }
}
