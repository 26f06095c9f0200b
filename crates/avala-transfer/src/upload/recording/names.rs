//! Checks the names and sizes of the files of recordings.

use unicode_normalization::is_nfc;

use crate::error::{Error, ErrorKind};
use crate::source::walk::SourceFile;

/// Files of a recording.
const MAX_FILES: usize = 50_000;
/// Files of a managed upload.
const MAX_MANAGED: usize = 64;
const MAX_MANAGED_FILE: u64 = 8 << 30;
const MAX_MANAGED_TOTAL: u64 = 64 << 30;
/// Longest path, in characters.
const MAX_CHARACTERS: usize = 1_024;
/// Longest path of a managed upload, in bytes: its key is `__o__=/<UUID>/__cloud__/<UUID>/<path>`, and has at most 1,024.
const MAX_MANAGED_PATH: usize = 1_024 - 91;

/// Checks the files of the plain protocol.
pub(crate) fn check_plain(files: &[SourceFile]) -> Result<(), Error> {
    if files.is_empty() {
        return Err(none());
    }
    if files.len() > MAX_FILES {
        return Err(refused(&format!("there are {} files; a recording accepts 50,000", files.len())));
    }
    for file in files {
        let has_space = file.path.trim() != file.path;
        let problem = match () {
            () if has_space => "the path begins or ends with white space",
            () if file.path.chars().count() > MAX_CHARACTERS => "the path is longer than 1,024 characters",
            () => continue,
        };
        return Err(refused(problem).about(&file.path));
    }
    Ok(())
}

/// Checks the files of the managed protocol.
pub(crate) fn check_managed(files: &[SourceFile]) -> Result<(), Error> {
    if files.is_empty() {
        return Err(none());
    }
    if files.len() > MAX_MANAGED {
        return Err(refused(&format!("there are {} files; a managed upload accepts 64", files.len())));
    }
    for file in files {
        let (path, size) = (&file.path, file.stamp.size);
        let problem = match () {
            () if !path.to_lowercase().ends_with(".mcap") => "a managed upload accepts only files that end in .mcap",
            () if !is_nfc(path) => "the path is not in Unicode normalization form C",
            () if path.split('/').next() == Some("__derived__") => "the folder `__derived__` is the server's",
            () if path.len() > MAX_MANAGED_PATH => "the key in the storage would be longer than 1,024 bytes",
            () if size == 0 => "the file is empty",
            () if size > MAX_MANAGED_FILE => "the file is larger than 8 GiB",
            () => continue,
        };
        return Err(refused(problem).about(path));
    }
    let total: u64 = files.iter().map(|file| file.stamp.size).sum();
    if total > MAX_MANAGED_TOTAL {
        return Err(refused(&format!("the files have {total} bytes; a managed upload accepts 64 GiB")));
    }
    Ok(())
}

fn none() -> Error {
    Error::new(ErrorKind::Source, "there are no files to upload").help("add files to the source")
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Source, message).help("rename, divide or remove files, then run again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::stamp::Stamp;

    fn file(path: &str, size: u64) -> SourceFile {
        SourceFile {
            local: path.into(),
            path: path.to_owned(),
            stamp: Stamp { size, modified: 0, changed: 0 },
            identity: (0, 0),
            follow_links: false,
        }
    }

    #[test]
    fn managed_files_have_limits() {
        check_managed(&[file("a.mcap", 1), file("b/C.MCAP", MAX_MANAGED_FILE)]).unwrap();
        let long = |bytes: usize| format!("{}.mcap", "x".repeat(bytes - 5));
        check_managed(&[file(&long(933), 1)]).unwrap();
        check_managed(&[file(&long(934), 1)]).unwrap_err();
        let decomposed = "a\u{308}.mcap";
        for (path, size) in
            [("a.bag", 1), (decomposed, 1), ("__derived__/a.mcap", 1), ("a.mcap", 0), ("a.mcap", MAX_MANAGED_FILE + 1)]
        {
            check_managed(&[file(path, size)]).expect_err(path);
        }
        let many: Vec<_> = (0..65).map(|n| file(&format!("{n}.mcap"), 1)).collect();
        check_managed(&many).unwrap_err();
        let large: Vec<_> = (0..9).map(|n| file(&format!("{n}.mcap"), MAX_MANAGED_FILE)).collect();
        check_managed(&large).unwrap_err();
        check_managed(&[]).unwrap_err();
    }

    #[test]
    fn plain_files_have_limits() {
        check_plain(&[file("a.bin", 0), file(decomposed(), 1)]).unwrap();
        for path in [" a", "a ", "b\u{3000}"] {
            check_plain(&[file(path, 1)]).expect_err(path);
        }
        check_plain(&[]).unwrap_err();
    }

    fn decomposed() -> &'static str {
        "a\u{308}.bin"
    }
}
