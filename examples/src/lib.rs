//! What the example programs share: a client of the real API, or of a sandbox if no key is set.

use std::error::Error;

use avala_client::{Avala, AvalaBuilder};
use avala_sandbox::Sandbox;

/// A client, and the sandbox that it calls unless the environment has a key.
#[derive(Debug)]
pub struct Connection {
    /// The client.
    pub avala: Avala,
    /// The sandbox, which stops when it is dropped.
    pub sandbox: Option<Sandbox>,
}

/// Connects to the API of `AVALA_API_KEY` and `AVALA_BASE_URL`, or starts a sandbox.
///
/// # Errors
/// Fails if the environment has an invalid setting, or the sandbox cannot listen.
pub async fn connect() -> Result<Connection, Box<dyn Error>> {
    connect_with(|builder| builder).await
}

/// Connects as [`connect`] does, with changes to the builder of the client.
///
/// # Errors
/// Fails if the environment has an invalid setting, or the sandbox cannot listen.
pub async fn connect_with(change: impl FnOnce(AvalaBuilder) -> AvalaBuilder) -> Result<Connection, Box<dyn Error>> {
    if has_key() {
        return Ok(Connection { avala: change(Avala::builder().env()?).build()?, sandbox: None });
    }
    let sandbox = Sandbox::start().await?;
    let avala = change(builder_of(&sandbox)).build()?;
    Ok(Connection { avala, sandbox: Some(sandbox) })
}

/// Returns a builder with the URL and the key of a sandbox.
pub fn builder_of(sandbox: &Sandbox) -> AvalaBuilder {
    Avala::builder().api_key(sandbox.api_key()).base_url(sandbox.url()).allow_insecure_base_url(true)
}

/// Returns whether the environment has an API key.
#[must_use]
pub fn has_key() -> bool {
    std::env::var("AVALA_API_KEY").is_ok_and(|key| !key.is_empty())
}
