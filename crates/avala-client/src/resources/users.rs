//! Users.

use avala_types::Json;

use crate::endpoint::Endpoint;
use crate::{Avala, Call};

/// Users. Made by [`Avala::users`].
#[derive(Clone, Debug)]
pub struct Users {
    avala: Avala,
}

impl Users {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// The user that the key belongs to (`GET /users/me/`): a free-form object, and the cheapest test of a key.
    pub fn me(&self) -> Call<Json> {
        self.avala.call(Endpoint::get("users.me", "/users/me/"), &[])
    }
}
