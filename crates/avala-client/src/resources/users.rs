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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(serde::Deserialize)]
    /// struct Me { email: Option<String> }
    ///
    /// let me: Me = avala.users().me().await?.parse()?;
    /// println!("{:?}", me.email);
    /// # Ok(())
    /// # }
    /// ```
    pub fn me(&self) -> Call<Json> {
        self.avala.call(Endpoint::get("users.me", "/users/me/"), &[])
    }

    /// Gets the permissions of the client's credentials (`GET /users/me/permissions/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let permissions = avala.users().get_permissions().await?;
    /// println!("{:?}", permissions.scopes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_permissions(&self) -> Call<UserPermissions> {
        self.avala.call(Endpoint::get("users.get_permissions", "/users/me/permissions/"), &[])
    }
}
