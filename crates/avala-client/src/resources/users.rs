//! Users.

use avala_types::{Json, UserPermissions};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

/// Calls for users. Returned by [`Avala::users`].
#[derive(Clone, Debug)]
pub struct Users {
    avala: Avala,
}

impl Users {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Gets the user of the API key (`GET /users/me/`), as free-form JSON. The cheapest check of a key.
    pub fn me(&self) -> Call<Json> {
        self.avala.call(Endpoint::get("users.me", "/users/me/"), &[])
    }

    /// Gets the permissions of the client's credentials (`GET /users/me/permissions/`).
    pub fn get_permissions(&self) -> Call<UserPermissions> {
        self.avala.call(Endpoint::get("users.get_permissions", "/users/me/permissions/"), &[])
    }
}
