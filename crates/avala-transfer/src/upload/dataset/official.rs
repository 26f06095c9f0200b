//! Detects an unfinished upload of the official Python client to the same destination.

use std::fs;
use std::path::Path;

/// Returns the names of batch files of the dataset in the official client's state folder. Blocking.
///
/// A file is named after the dataset and a hash of the account, which only that client can compute for every key.
pub(crate) fn live_batches(folder: &Path, dataset_name: &str) -> Vec<String> {
    let prefix = format!("{}-", state_key(dataset_name));
    let Ok(entries) = fs::read_dir(folder.join("datasets")) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_batch = |name: &String| {
        let hash = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".batch"));
        hash.is_some_and(|hash| hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    names.filter(is_batch).collect()
}

/// Returns a dataset name in the form that the official client uses in file names.
fn state_key(name: &str) -> String {
    name.replace(['/', '\\'], "_").trim_matches([' ', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_of_the_same_dataset_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("datasets")).unwrap();
        for name in
            ["My set-70e67cb65483.batch", "My set-70e67cb65483.json", "My set 2-70e67cb65483.batch", "My set-x.batch"]
        {
            fs::write(folder.path().join("datasets").join(name), "").unwrap();
        }
        assert_eq!(live_batches(folder.path(), "My set"), ["My set-70e67cb65483.batch"]);
        assert!(live_batches(folder.path(), "other").is_empty());
        assert!(live_batches(&folder.path().join("missing"), "My set").is_empty());
        assert_eq!(state_key(" a/b\\c. "), "a_b_c");
    }
}
