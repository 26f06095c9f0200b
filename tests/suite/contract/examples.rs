//! Checks that the documentation of each call of the client has an example with the call.

use std::fs;
use std::path::Path;

use avala_tests::contract::folder;

/// Returns the public functions of the resources whose documentation has no example that uses them.
pub(super) fn missing() -> Vec<String> {
    let mut wrong = Vec::new();
    collect(&folder("../crates/avala-client/src/resources"), &mut wrong);
    wrong
}

/// Returns the number of functions that [`missing`] finds, because a changed style must not hide any.
pub(super) fn count() -> usize {
    let mut functions = 0;
    each_file(&folder("../crates/avala-client/src/resources"), &mut |source| functions += documented(source).count());
    functions
}

fn collect(folder: &Path, wrong: &mut Vec<String>) {
    each_file(folder, &mut |source| {
        for (name, docs) in documented(source) {
            let code: String = docs.split("```").skip(1).step_by(2).collect();
            let is_used = code.contains(&format!(".{name}(")) || code.contains(&format!(".{name}::<"));
            if !is_used {
                let summary = docs.trim().lines().next().unwrap_or_default();
                wrong.push(format!("{name}: the documentation has no example that calls it: {summary}"));
            }
        }
    });
}

fn each_file(folder: &Path, visit: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, visit);
        } else {
            let source = fs::read_to_string(&path).unwrap();
            visit(source.split("#[cfg(test)]").next().unwrap());
        }
    }
}

/// Returns the public functions of a source file with their documentation. Hidden functions are
/// skipped.
fn documented(source: &str) -> impl Iterator<Item = (String, String)> {
    let mut docs = String::new();
    let mut is_hidden = false;
    let mut functions = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            docs.push_str(text);
            docs.push('\n');
        } else if line.starts_with("#[") {
            is_hidden |= line.contains("doc(hidden)");
        } else {
            if let Some(rest) = line.strip_prefix("pub fn ")
                && !is_hidden
            {
                let name = rest.split(['(', '<']).next().unwrap().to_owned();
                functions.push((name, docs.clone()));
            }
            docs.clear();
            is_hidden = false;
        }
    }
    functions.into_iter()
}
