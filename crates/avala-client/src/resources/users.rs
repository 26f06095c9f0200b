//! Users.

use avala_types::{Json, UserPermissions};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

/// Users. Returned by [`Avala::users`].
#[derive(Clone, Debug)]
pub struct Users {
    avala: Avala,
}

impl Users {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Gets the user that the key belongs to (`GET /users/me/`): a free-form object, and the cheapest test of a key.
    pub fn me(&self) -> Call<Json> {
        self.avala.call(Endpoint::get("users.me", "/users/me/"), &[])
    }

    /// Gets what the credentials of this client may do (`GET /users/me/permissions/`).
    pub fn get_permissions(&self) -> Call<UserPermissions> {
        self.avala.call(Endpoint::get("users.get_permissions", "/users/me/permissions/"), &[])
    }
}
