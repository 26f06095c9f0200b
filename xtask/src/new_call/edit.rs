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

    /// Inserts a text before the first occurrence of a marker after another one.
    pub(super) fn insert_before(&mut self, file: &str, after: &str, marker: &str, text: &str) -> Result<(), String> {
        let old = self.read(file)?;
        let missing =
            || format!("{file}: found no `{}` after `{}`: insert by hand\n{text}", marker.trim(), after.trim());
        let start = old.find(after).ok_or_else(missing)? + after.len();
        let place = old[start..].find(marker).ok_or_else(missing)? + start;
        self.set(file, format!("{}{text}{}", &old[..place], &old[place..]));
        Ok(())
    }

    /// Inserts a line in alphabetical order among the lines that start with `prefix`.
    pub(super) fn insert_sorted(&mut self, file: &str, prefix: &str, line: &str) -> Result<(), String> {
        let old = self.read(file)?;
        let is_alike = |other: &str| other.starts_with(prefix);
        let mut lines: Vec<&str> = old.lines().collect();
        let next = lines.iter().position(|other| is_alike(other) && **other > *line);
        let last = lines.iter().rposition(|other| is_alike(other));
        let mut place =
            next.or(last.map(|last| last + 1)).ok_or_else(|| format!("{file}: no line begins with `{prefix}`"))?;
        // Attributes belong to the following line.
        while place > 0 && lines[place - 1].starts_with("#[") {
            place -= 1;
        }
        lines.insert(place, line);
        let new = lines.join("\n") + "\n";
        self.set(file, new);
        Ok(())
    }

    /// Inserts a line in alphabetical order into the list that begins after a marker. A list ends at a closing bracket.
    pub(super) fn insert_into_list(&mut self, file: &str, after: &str, line: &str) -> Result<(), String> {
        let old = self.read(file)?;
        let missing = || format!("{file}: found no `{}`: insert by hand\n{line}", after.trim());
        let mut place = old.find(after).ok_or_else(missing)? + after.len();
        let is_before = |other: &&str| !sort_key(other).is_empty() && sort_key(other) <= sort_key(line);
        place += old[place..].split_inclusive('\n').take_while(is_before).map(str::len).sum::<usize>();
        let (mut before, mut line) = (old[..place].to_owned(), line);
        // The last row of a JSON list has no comma.
        let end = before.trim_end().len();
        if let Some(without) = line.strip_suffix(',')
            && !before[..end].ends_with([',', '[', '{', '('])
        {
            before.insert(end, ',');
            line = without;
        }
        self.set(file, format!("{before}{line}\n{}", &old[place..]));
        Ok(())
    }

    /// Imports a name from a module, into the braces of an existing import, or with a new line before the
    /// first import of the same crate. Formatting puts the names in order.
    pub(super) fn import(&mut self, file: &str, module: &str, name: &str) -> Result<(), String> {
        let old = self.read(file)?;
        let imports: Vec<&str> =
            old.split_inclusive(';').filter(|part| part.trim_start().starts_with("use ")).collect();
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        if imports.iter().any(|part| part.split(|letter| !is_name(letter)).any(|word| word == name)) {
            return Ok(());
        }
        let braces = format!("use {module}::{{");
        if old.contains(&braces) {
            return self.insert_before(file, &braces, "", &format!("{name}, "));
        }
        // A single name: `use avala_types::Task;`.
        let single = format!("use {module}::");
        if let Some(import) = imports.iter().map(|part| part.trim_start()).find(|part| part.starts_with(&single)) {
            let rest = import[single.len()..].trim_end_matches(';');
            if !rest.contains("::") {
                self.set(file, old.replace(import, &format!("use {module}::{{{rest}, {name}}};")));
                return Ok(());
            }
        }
        let is_own = module.starts_with("crate");
        let first = if is_own { "use crate::" } else { "use " };
        // Imports of other crates are a separate paragraph.
        let is_first_of_others =
            !is_own && imports.first().is_some_and(|part| part.trim_start().starts_with("use crate::"));
        let gap = if is_first_of_others { "\n" } else { "" };
        self.insert_before(file, "", first, &format!("use {module}::{name};\n{gap}"))
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

/// Returns the first name of a line, without quotes, braces, visibility and calls. Empty for a closing bracket.
fn sort_key(line: &str) -> &str {
    let line = line.trim().trim_start_matches("pub(crate) ").trim_start_matches(".merge(");
    let line = line.trim_start_matches("{\"call\": ").trim_start_matches('"');
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '.').next().unwrap_or_default()
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

    #[test]
    fn list_lines_are_inserted_in_order() {
        let mut edits = Edits::new(Path::new("/nowhere"));
        edits.set("a", "x [\n    A,\n    C,\n]\nD,\n".to_owned());
        for line in ["    B,", "    D,", "    0,"] {
            edits.insert_into_list("a", "x [\n", line).unwrap();
        }
        assert_eq!(edits.read("a").unwrap(), "x [\n    0,\n    A,\n    B,\n    C,\n    D,\n]\nD,\n");
        assert!(edits.insert_into_list("a", "y [\n", "    B,").is_err());
        edits.set("json", "{\n\"A\": {},\n\"C\": {}\n}\n".to_owned());
        for line in ["\"B\": {},", "\"D\": {},"] {
            edits.insert_into_list("json", "{\n", line).unwrap();
        }
        assert_eq!(edits.read("json").unwrap(), "{\n\"A\": {},\n\"B\": {},\n\"C\": {},\n\"D\": {}\n}\n");
    }

    #[test]
    fn names_are_imported_once() {
        let mut edits = Edits::new(Path::new("/nowhere"));
        edits.set("a", "use b::C;\n\nuse crate::d::{E, F};\nuse crate::g;\n".to_owned());
        for (module, name) in
            [("b", "C"), ("b", "D"), ("crate::d", "F"), ("crate::d", "G"), ("crate::h", "I"), ("k", "L")]
        {
            edits.import("a", module, name).unwrap();
        }
        let expected = "use k::L;\nuse b::{C, D};\n\nuse crate::h::I;\nuse crate::d::{G, E, F};\nuse crate::g;\n";
        assert_eq!(edits.read("a").unwrap(), expected);
    }
}
