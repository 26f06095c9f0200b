//! Reads text files for commands.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::failure::{Failure, Outcome};

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
