//! The system keyring.

use avala_client::types::Secret;

/// Reads the key of a profile.
pub(crate) async fn read(profile: &str) -> Result<Secret, String> {
    Err(format!("the key of the profile {profile:?} is in the system keyring, which this build cannot read"))
}
