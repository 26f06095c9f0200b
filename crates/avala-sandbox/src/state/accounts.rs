//! Owners: users and organizations, which share one namespace.

use std::collections::HashMap;

use avala_types::{OwnerName, UserUid};

use crate::demo;
use crate::error::ApiError;
use crate::state::table::Table;

/// The users, and their keys.
pub(crate) struct Accounts {
    users: Table<User>,
    keys: HashMap<Vec<u8>, OwnerName>,
    /// OAuth access tokens, which are accepted in `Authorization` only.
    tokens: HashMap<Vec<u8>, OwnerName>,
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
    /// Returns the users of [`demo`].
    pub(crate) fn demo() -> Self {
        let mut accounts = Self { users: Table::new("users"), keys: HashMap::new(), tokens: HashMap::new() };
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

    /// Lets a user call with this access token.
    pub(crate) fn give_token(&mut self, name: &OwnerName, token: &str) {
        self.tokens.insert(token.as_bytes().to_vec(), name.clone());
    }

    /// Returns the user of this access token or API key.
    pub(crate) fn with_token(&self, token: &[u8]) -> Option<&OwnerName> {
        self.tokens.get(token).or_else(|| self.keys.get(token))
    }

    /// Returns the user of this API key.
    pub(crate) fn with_key(&self, key: &[u8]) -> Option<&OwnerName> {
        self.keys.get(key)
    }

    /// Returns the user with this name, or 404.
    pub(crate) fn named(&self, name: &OwnerName) -> Result<&User, ApiError> {
        self.users.find(|user| user.name == *name)
    }

    /// Returns the user with this address, or 404.
    pub(crate) fn with_email(&self, email: &str) -> Result<&User, ApiError> {
        self.users.find(|user| user.email.eq_ignore_ascii_case(email))
    }
}

impl User {
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}
