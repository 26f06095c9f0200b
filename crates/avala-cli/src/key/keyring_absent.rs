//! The system keyring in a program that was built without the feature `keyring`.

use avala_client::types::Secret;

const ABSENT: &str = "this program was built without the system keyring; build it with the feature `keyring`, use \
                      api_key_command, or store the key in the file with `avala login`";

pub(crate) async fn read(_: &str) -> Result<Secret, String> {
    Err(ABSENT.to_owned())
}

pub(crate) async fn store(_: &str, _: &Secret) -> Result<(), String> {
    Err(ABSENT.to_owned())
}

/// Removes nothing, because nothing was stored.
pub(crate) async fn remove(_: &str) -> Result<(), String> {
    Ok(())
}
