//! Rejects private terminology in sources, messages and docs, long names of functions, and
//! documentation of functions that does not begin with a verb.

use std::fs;
use std::path::{Path, PathBuf};

use crate::outcome::Outcome;
use crate::process::{log, root};

/// A rejected phrase, in lower case, and its replacement.
const RULES: &[(&str, &str)] = &[
    ("answer", "response, respond"),
    ("blot", "redact"),
    ("as people read it", "display name"),
    ("stands in line", "is queued"),
    ("stand in line", "are queued"),
    ("standing in line", "queued"),
    ("comes out", "is returned, is reported"),
    ("come out when", "are reported when"),
    ("what it cannot be without", "required fields"),
    ("courier", "delivery worker"),
    ("complain", "log"),
    ("chore", "task"),
    ("all the same", "anyway"),
    ("anew", "again"),
];

/// Maximum length of a function name in characters. The name of a test has the case and the outcome.
const LONGEST_NAME: usize = 60;

/// First words that end like a verb of the third person but are not verbs.
const NOUNS: &[&str] =
    &["This", "Its", "As", "Is", "Has", "Was", "Does", "Bytes", "Items", "Options", "Names", "Values"];

/// Folders and files that are checked.
const PLACES: &[&str] = &[
    "crates",
    "examples",
    "tests",
    "xtask",
    "bench",
    "fuzz",
    "docs",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
];

/// Not checked: data, downloaded or built files, this list, and the history, which keeps old names.
const EXCEPT: &[&str] = &["target", "node_modules", "fixtures", "snapshots", "contract", "corpus", "words.rs"];

/// Fails with each use of a phrase of the list.
pub(crate) fn check() -> Outcome {
    let mut files = Vec::new();
    for place in PLACES.iter().filter(|place| root().join(place).exists()) {
        collect(&root().join(place), &mut files).map_err(|error| format!("{place}: {error}"))?;
    }
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.strip_prefix(root()).unwrap_or(file).display().to_string();
        let mut findings = findings(&text);
        if file.extension().is_some_and(|extension| extension == "rs") {
            findings.extend(docs_without_a_verb(&text));
        }
        found.extend(findings.into_iter().map(|finding| format!("{name}:{finding}")));
    }
    log(&format!("words: {} files", files.len()));
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}

/// Returns the findings in a text, each as `line: phrase; write ...`.
fn findings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    // CONTRIBUTING.md shows bad examples in blocks that begin with this marker.
    let mut in_examples = false;
    for (index, line) in text.lines().enumerate() {
        in_examples =
            (in_examples || line.contains("<!-- words: examples -->")) && !line.contains("<!-- words: end -->");
        if in_examples {
            continue;
        }
        if let Some(name) = function(line).filter(|name| name.len() > LONGEST_NAME) {
            found.push(format!("{}: `{name}` has more than {LONGEST_NAME} characters", index + 1));
        }
        let line = line.to_lowercase();
        for (phrase, instead) in RULES {
            if line.contains(phrase) {
                found.push(format!("{}: `{phrase}`; write: {instead}", index + 1));
            }
        }
    }
    found
}

/// Returns a finding for each function of a source file whose documentation does not begin with a verb.
fn docs_without_a_verb(text: &str) -> Vec<String> {
    let mut docs = None;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(first) = documented(line, &mut docs).filter(|first| !begins_with_a_verb(first)) {
            let line = index + 1;
            found.push(format!("{line}: the documentation begins with {first:?}; write: Returns, Creates, Sets"));
        }
    }
    found
}

/// Returns the first line of the documentation of the function that a line declares. `docs` has the documentation in
/// the lines before. The documentation of a test describes its case and needs no verb.
fn documented<'a>(line: &'a str, docs: &mut Option<&'a str>) -> Option<&'a str> {
    let code = line.trim_start();
    if let Some(text) = code.strip_prefix("/// ") {
        docs.get_or_insert(text);
        return None;
    }
    if code.starts_with("#[doc = ") {
        // A macro completes the text.
        docs.get_or_insert("Documents");
        return None;
    }
    if code.starts_with("///") || (code.starts_with("#[") && !code.contains("test")) {
        return None;
    }
    let first = docs.take();
    function(line).and(first)
}

fn begins_with_a_verb(text: &str) -> bool {
    let word = text.split(' ').next().unwrap_or_default().trim_end_matches(',');
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.ends_with('s') && !NOUNS.contains(&word)
}

/// Returns the name of the function that a line declares.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_declared =
        before.split_whitespace().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || "()".contains(c)));
    rest.split(['(', '<']).next().filter(|name| is_declared && !name.is_empty())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.file_name().is_some_and(|name| EXCEPT.iter().any(|except| name == *except)) {
        return Ok(());
    }
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "md" || extension == "toml") {
        files.push(path.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_word_is_found_with_its_line() {
        assert_eq!(findings("fine\n/// The Answer is read.\n"), ["2: `answer`; write: response, respond"]);
    }

    #[test]
    fn long_name_of_a_function_is_found() {
        let name = "a".repeat(61);
        assert_eq!(findings(&format!("pub async fn {name}(x: u8) {{}}\n// call fn {name}()")).len(), 1);
        assert!(findings("    fn short<T>() {}").is_empty());
    }

    #[test]
    fn documentation_of_a_function_begins_with_a_verb() {
        let count = |docs: &str, code: &str| {
            docs_without_a_verb(&format!("    /// {docs}\n    ///\n    #[must_use]\n{code}\n")).len()
        };
        for (docs, findings) in [
            ("Returns it.", 0),
            ("Calls, and waits.", 0),
            ("The name.", 1),
            ("`None` if there is none.", 1),
            ("Whether it is set.", 1),
            ("Has a name.", 1),
        ] {
            assert_eq!(count(docs, "    pub(crate) async fn get(&self) -> u8 {"), findings, "{docs}");
            assert_eq!(count(docs, "    get: u8,"), 0, "a field is a noun: {docs}");
            assert_eq!(count(docs, "    #[test]\n    fn case() {"), 0, "a test needs no verb: {docs}");
        }
        assert!(docs_without_a_verb("/// The name.\nfield: u8,\nfn undocumented() {}").is_empty());
    }

    #[test]
    fn bad_examples_are_allowed_where_they_are_marked() {
        assert!(findings("<!-- words: examples -->\na chore\n<!-- words: end -->\n").is_empty());
    }
}
