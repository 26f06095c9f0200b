//! Edits of files, kept in memory until all of them are possible.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) struct Edits {
    root: PathBuf,
    changed: BTreeMap<String, String>,
}

impl Edits {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), changed: BTreeMap::new() }
    }

    pub(super) fn exists(&self, file: &str) -> bool {
        self.changed.contains_key(file) || self.root.join(file).exists()
    }

    /// Returns the text of a file, with the edits so far.
    pub(super) fn read(&self, file: &str) -> Result<String, String> {
        match self.changed.get(file) {
            Some(text) => Ok(text.clone()),
            None => fs::read_to_string(self.root.join(file)).map_err(|error| format!("{file}: {error}")),
        }
    }

    pub(super) fn set(&mut self, file: &str, text: String) {
        self.changed.insert(file.to_owned(), text);
    }

    /// Inserts a text before the first place of a marker that follows another one.
    pub(super) fn insert_before(&mut self, file: &str, after: &str, marker: &str, text: &str) -> Result<(), String> {
        let old = self.read(file)?;
        let missing =
            || format!("{file}: found no `{}` after `{}`: insert by hand\n{text}", marker.trim(), after.trim());
        let start = old.find(after).ok_or_else(missing)? + after.len();
        let place = old[start..].find(marker).ok_or_else(missing)? + start;
        self.set(file, format!("{}{text}{}", &old[..place], &old[place..]));
        Ok(())
    }

    /// Inserts a line in alphabetical order among the lines that begin like it, up to and with its first `prefix`.
    pub(super) fn insert_sorted(&mut self, file: &str, prefix: &str, line: &str) -> Result<(), String> {
        let old = self.read(file)?;
        let is_alike = |other: &str| other.starts_with(prefix);
        let mut lines: Vec<&str> = old.lines().collect();
        let next = lines.iter().position(|other| is_alike(other) && **other > *line);
        let last = lines.iter().rposition(|other| is_alike(other));
        let mut place =
            next.or(last.map(|last| last + 1)).ok_or_else(|| format!("{file}: no line begins with `{prefix}`"))?;
        // Attributes belong to the line after them.
        while place > 0 && lines[place - 1].starts_with("#[") {
            place -= 1;
        }
        lines.insert(place, line);
        let new = lines.join("\n") + "\n";
        self.set(file, new);
        Ok(())
    }

    /// Writes all files. Returns their names.
    pub(super) fn write(self) -> Result<Vec<String>, String> {
        for (file, text) in &self.changed {
            let path = self.root.join(file);
            let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
            written.map_err(|error| format!("{file}: {error}"))?;
        }
        Ok(self.changed.into_keys().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_inserted_in_order() {
        let mut edits = Edits::new(Path::new("/nowhere"));
        edits.set("a", "mod b;\nmod d;\n\nuse x;\n".to_owned());
        edits.insert_sorted("a", "mod ", "mod c;").unwrap();
        edits.insert_sorted("a", "mod ", "mod e;").unwrap();
        assert_eq!(edits.read("a").unwrap(), "mod b;\nmod c;\nmod d;\nmod e;\n\nuse x;\n");
        edits.set("b", "mod b;\n#[cfg(x)]\nmod d;\n".to_owned());
        edits.insert_sorted("b", "mod ", "mod c;").unwrap();
        assert_eq!(edits.read("b").unwrap(), "mod b;\nmod c;\n#[cfg(x)]\nmod d;\n");
        edits.insert_before("a", "use", ";", "::y").unwrap();
        assert!(edits.read("a").unwrap().contains("use x::y;"));
        assert!(edits.insert_before("a", "no such", ";", "").is_err());
    }
}
