//! Removes parts of a compiler message that depend on the machine, or on lines of the crates.

use std::path::Path;

/// Returns the message without line numbers and without sources of other files.
pub(super) fn message(text: &str, source: &Path, root: &Path) -> String {
    let root = format!("{}/", root.display());
    let source = source.to_string_lossy().into_owned();
    let mut lines: Vec<String> = Vec::new();
    // Whether the shown source is from another file.
    let mut is_foreign = false;
    for line in text.lines() {
        let line = without_count(&line.replace(&root, ""));
        let trimmed = line.trim_start();
        if let Some(location) = trimmed.strip_prefix("--> ").or_else(|| trimmed.strip_prefix("::: ")) {
            is_foreign = !location.starts_with(&source);
            let place = if is_foreign { without_position(location) } else { location.to_owned() };
            lines.push(format!("--> {place}"));
        } else if is_source(trimmed) {
            if !is_foreign {
                lines.push(trimmed.trim_end().to_owned());
            }
        } else if !trimmed.contains("long-type-") && !trimmed.starts_with("= note: consider using `--verbose`") {
            let is_continued = line.starts_with(' ') && !trimmed.starts_with('=');
            lines.push(if is_continued { format!("  {trimmed}") } else { trimmed.to_owned() });
        }
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}

/// Replaces the number of other types that implement a trait, which grows with dependencies.
fn without_count(line: &str) -> String {
    let count = line.trim().strip_prefix("and ").and_then(|rest| rest.strip_suffix(" others"));
    match count {
        Some(count) if count.bytes().all(|byte| byte.is_ascii_digit()) => line.replace(count, "some"),
        _ => line.to_owned(),
    }
}

/// Returns whether a line shows source: a gutter with or without a number.
fn is_source(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    rest.starts_with('|') || rest.starts_with("...") || (rest.starts_with(['+', '-', '~']) && rest.len() < line.len())
}

/// Returns the file, from its package on, without line and column.
fn without_position(location: &str) -> String {
    let file = location.split(':').next().unwrap_or(location);
    let package = ["/registry/src/", "/library/"].iter().find_map(|mark| file.split_once(mark));
    match package {
        Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, rest)| rest).to_owned(),
        None => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::message;

    #[test]
    fn positions_and_sources_of_other_files_are_removed() {
        let text = "error[E0277]: no\n  --> tests/mistakes/a.rs:3:5\n   |\n3  |     f(1);\n   |     ^ no\n   |\n\
                    note: required by `f`\n   --> /w/crates/x/src/lib.rs:120:7\n    |\n120 | fn f() {}\n    | ^^\n\
                    \x20   = note: see\n            also\n            and 394 others\n";
        let expected = "error[E0277]: no\n--> tests/mistakes/a.rs:3:5\n|\n3  |     f(1);\n|     ^ no\n|\n\
                        note: required by `f`\n--> crates/x/src/lib.rs\n= note: see\n  also\n  and some others\n";
        assert_eq!(message(text, Path::new("tests/mistakes/a.rs"), Path::new("/w")), expected);
    }
}
