//! Signing up.

use avala_types::{Signup, SignupResponse};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;

/// Calls for signing up, which needs no key. Returned by [`Avala::signup`].
#[derive(Clone, Debug)]
pub struct Signups {
    avala: Avala,
}

impl Signups {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates an account with an API key (`POST /signup/`). Sent without the client's own credentials.
    ///
    /// The server allows five calls per minute and IP address.
    ///
    /// ```
    /// # async fn example(password: avala_client::types::Secret) -> Result<(), avala_client::Error> {
    /// use avala_client::Avala;
    /// use avala_client::types::Signup;
    ///
    /// let anonymous = Avala::builder().without_credentials().build()?;
    /// let account = anonymous.signup().create(&Signup::new("ada@example.com", password)).await?;
    /// let avala = Avala::builder().api_key(account.api_key).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, signup: &Signup) -> Call<SignupResponse> {
        let call = self.avala.call(Endpoint::post("signup.create", "/signup/"), &[]);
        call.json(signup).options(|options| {
            options.anonymous = true;
            options.rate_scope = Some("signup");
        })
    }
}
