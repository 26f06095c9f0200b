//! Looks up the owner of the dataset: the account that the state is bound to, and its slug.

use avala_client::Avala;
use avala_types::{OrganizationUid, OwnerName};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// The destination of an upload, which names its state.
///
/// The API key is not part of the destination, so that a run with a rotated key continues the upload.
#[derive(Debug, Serialize)]
pub(crate) struct Destination<'a> {
    pub(crate) base_url: String,
    /// `o:<organization uid>` or `u:<user uid>`.
    pub(crate) account: &'a str,
    pub(crate) dataset_name: &'a str,
}

/// The owner of a dataset.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) owner: OwnerName,
}

impl Account {
    /// Returns where the storage keeps the files of the account.
    pub(crate) fn root(&self) -> String {
        match self.id.split_once(':') {
            Some((kind, uid)) => format!("__{kind}__=/{uid}"),
            None => String::new(),
        }
    }
}

#[derive(Deserialize)]
struct Me {
    uid: String,
    username: String,
}

/// Looks up the owner, with one call.
pub(crate) async fn find(avala: &Avala, organization: Option<&OrganizationUid>) -> Result<Account, Error> {
    let Some(organization) = organization else {
        let me = avala.users().me().await.map_err(Error::api)?;
        let me: Me = me.parse().map_err(|error| {
            Error::new(ErrorKind::Protocol, "the API did not return the uid and username of the user")
                .help("set the organization that owns the dataset, or report it to Avala")
                .with_source(error)
        })?;
        return Ok(Account { id: format!("u:{}", me.uid), owner: me.username.as_str().into() });
    };
    let mut organizations = avala.organizations().list().items();
    while let Some(found) = organizations.next().await {
        let found = found.map_err(Error::api)?;
        if found.uid == *organization {
            let owner = found.handle.unwrap_or_else(|| found.slug.as_str().into());
            return Ok(Account { id: format!("o:{organization}"), owner });
        }
    }
    Err(Error::new(ErrorKind::Configuration, "you are not a member of this organization")
        .about(organization.as_str())
        .help("correct the UID of the organization, or use a key of a member"))
}

/// Returns the base URL as text, which is equal for all names of the official server.
pub(crate) fn base_url(avala: &Avala) -> String {
    let url = avala.base_url().map(ToString::to_string).unwrap_or_default();
    match url.strip_prefix("https://server.avala.ai/") {
        Some(rest) => format!("https://api.avala.ai/{rest}"),
        None => url,
    }
}
