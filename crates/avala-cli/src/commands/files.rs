//! Text files that commands read and write.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::terminal::signals;

/// Maximum size in bytes of a file whose content is a part of a request.
const LONGEST_FILE: u64 = 64 << 20;

/// Reads a text file, or stdin for `-`.
pub(crate) fn read_text(path: &Path) -> Outcome<String> {
    let failed = |error: &dyn Display| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let mut bytes = Vec::new();
    let read = |reader: &mut dyn Read, bytes: &mut Vec<u8>| reader.take(LONGEST_FILE + 1).read_to_end(bytes);
    let size = if path.as_os_str() == "-" {
        read(&mut io::stdin().lock(), &mut bytes)
    } else {
        File::open(path).and_then(|mut file| read(&mut file, &mut bytes))
    };
    if size.map_err(|error| failed(&error))? as u64 > LONGEST_FILE {
        return Err(failed(&format!("it is longer than {LONGEST_FILE} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Writes a file in one step, so that no partial file stays. A link is kept, and its target replaced; a device or a pipe is
/// written to.
pub(crate) fn write_text(path: &Path, text: &str) -> Outcome {
    let failed = |error: io::Error| Failure::other(format!("cannot write {}: {error}", path.display()));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            let target = fs::canonicalize(path).map_err(failed)?;
            replace(&target, text, Some(metadata.permissions())).map_err(failed)
        }
        // The target of a link that leads nowhere, or what is no regular file.
        Ok(_) => fs::write(path, text).map_err(failed),
        Err(_) if fs::symlink_metadata(path).is_ok() => fs::write(path, text).map_err(failed),
        Err(_) => replace(path, text, None).map_err(failed),
    }
}

fn replace(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let new: PathBuf = path.with_file_name(name);
    signals::uninterrupted(|| {
        let result = fs::write(&new, text)
            .and_then(|()| permissions.map_or(Ok(()), |permissions| fs::set_permissions(&new, permissions)))
            .and_then(|()| fs::rename(&new, path));
        if result.is_err() {
            let _ = fs::remove_file(&new);
        }
        result
    })
}
