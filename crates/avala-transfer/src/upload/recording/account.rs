//! Looks up the account that the state of a recording is bound to.

use avala_client::Avala;
use serde::Deserialize;

use crate::error::{Error, ErrorKind};

#[derive(Deserialize)]
struct Me {
    uid: String,
}

/// Returns the UID of the user: a rotated key can continue the upload, another user cannot.
pub(crate) async fn user(avala: &Avala) -> Result<String, Error> {
    let me = avala.users().me().await.map_err(Error::api)?;
    let me: Me = me.parse().map_err(|error| {
        Error::new(ErrorKind::Protocol, "the API did not return the uid of the user")
            .help("report it to Avala")
            .with_source(error)
    })?;
    Ok(me.uid)
}
