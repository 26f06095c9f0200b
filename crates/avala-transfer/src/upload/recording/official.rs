//! Detects an upload of the official Python client to the same recording.

use std::path::Path;

use crate::hash::Digest;

/// Returns the receipt of the recording in the official client's state folder, if there is one. Blocking.
pub(crate) fn receipt(folder: &Path, base_url: &str, recording: &str) -> Option<String> {
    let names = [format!("{recording}.json"), format!("fleet-v1/{}.json", scope(base_url, recording))];
    names.into_iter().find(|name| folder.join(name).exists())
}

/// Returns the official client's name of a recording: the hash of a JSON array without spaces.
fn scope(base_url: &str, recording: &str) -> String {
    let text = serde_json::to_string(&[base_url, &recording.to_lowercase()]).unwrap_or_default();
    Digest::of(text.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipt_is_found_by_the_scope_of_the_recording() {
        let (base, recording) = ("https://api.avala.ai/api/v1", "11111111-1111-4111-8111-111111111111");
        assert_eq!(scope(base, recording), "e5d9418605cb5111777ce4801552bba75950278cdfffebbde6fcb8e8da32533e");
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(receipt(folder.path(), base, recording), None);
        std::fs::create_dir(folder.path().join("fleet-v1")).unwrap();
        let name = format!("fleet-v1/{}.json", scope(base, recording));
        std::fs::write(folder.path().join(&name), "{}").unwrap();
        assert_eq!(receipt(folder.path(), base, recording), Some(name));
    }
}
