//! Reads the imports of one source file.

use std::collections::BTreeMap;

/// One imported path, from the crate root: `use super::bucket::Bucket` in `rate_limit/mod.rs` is
/// `["rate_limit", "bucket", "Bucket"]` with `super` and `self` resolved.
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) is_reexport: bool,
}

/// Returns all imports of this crate's own items in `text`, the source of module `here`.
pub(super) fn imports(text: &str, here: &[String]) -> Vec<Import> {
    let code = code_of(text);
    let children = children(&code);
    let mut found = Vec::new();
    let mut rest = String::new();
    for piece in code.split_inclusive(';') {
        match use_declaration(piece) {
            Some((before, is_reexport, tree)) => {
                rest.push_str(before);
                for (path, _) in leaves(tree) {
                    found.extend(absolute(&path, here, &children).map(|path| Import { path, is_reexport }));
                }
            }
            None => rest.push_str(piece),
        }
    }
    // Paths inside code, such as `crate::decode::page::<T>`, or `work::handle` beside `mod work;`.
    let roots = ["crate", "super", "self"].into_iter().chain(children.iter().copied());
    for path in roots.flat_map(|root| inline_paths(&rest, root)) {
        found.extend(absolute(&path, here, &children).map(|path| Import { path, is_reexport: false }));
    }
    found
}

/// Returns the modules that this file declares, such as `pub(crate) mod work;`. A module with its code in the file does
/// not count.
fn children(code: &str) -> Vec<&str> {
    let declarations = code.lines().filter_map(|line| line.trim().strip_suffix(';')?.rsplit_once("mod "));
    let declared = declarations.filter(|(before, _)| matches!(before.trim(), "" | "pub" | "pub(crate)" | "pub(super)"));
    declared.map(|(_, name)| name.trim()).collect()
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns the names that module `here` re-exports, with the path of each.
pub(super) fn reexports(text: &str, here: &[String]) -> BTreeMap<String, Vec<String>> {
    let code = code_of(text);
    let children = children(&code);
    let mut found = BTreeMap::new();
    for piece in code.split_inclusive(';') {
        let Some((_, true, tree)) = use_declaration(piece) else { continue };
        for (path, name) in leaves(tree) {
            let path = absolute(&path, here, &children).unwrap_or_else(|| [here, path.as_slice()].concat());
            found.insert(name, path);
        }
    }
    found
}

/// Returns the code without comments, texts and unit tests. Texts may have several lines, and code of other files in
/// them.
fn code_of(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        rest = if from.starts_with("//") {
            from.find('\n').map_or("", |end| &from[end..])
        } else if let Some(text) = from.strip_prefix('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let is_raw = before.trim_end_matches('#').ends_with('r');
            after_text(text, is_raw.then(|| format!("\"{}", "#".repeat(hashes))))
        } else if let Some(after) = from.strip_prefix("'\"'") {
            after
        } else {
            code.push_str(&from[..1]);
            &from[1..]
        };
    }
    code.push_str(rest);
    code
}

/// Returns the code after a string literal: after the end of a raw one, or after the first quote without a backslash.
fn after_text(text: &str, raw_end: Option<String>) -> &str {
    if let Some(end) = raw_end {
        return text.split_once(&end).map_or("", |(_, rest)| rest);
    }
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '"']) {
        if rest[at..].starts_with('"') {
            return &rest[at + 1..];
        }
        rest = rest[at + 1..].char_indices().nth(1).map_or("", |(next, _)| &rest[at + 1 + next..]);
    }
    ""
}

/// Splits a statement into the part before its `use`, whether it is a re-export, and the tree of its paths.
fn use_declaration(statement: &str) -> Option<(&str, bool, &str)> {
    let tree = statement.trim_end().strip_suffix(';')?;
    let start = tree.rfind("use ").filter(|start| {
        let before = tree[..*start].chars().next_back();
        before.is_none_or(char::is_whitespace)
    })?;
    let before = &tree[..start];
    let line = before.rsplit(['\n', '}']).next().unwrap_or_default().trim();
    Some((before, line.starts_with("pub"), tree[start + 4..].trim()))
}

/// Returns the paths of a tree such as `super::{a::B, c::{self, D as E}}`, each with its name.
fn leaves(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    let Some((prefix, inside)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path: Vec<String> = path.split("::").map(|part| part.trim().to_owned()).collect();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self" || last == "*") {
            path.pop();
        }
        let name = if name.is_empty() { path.last().cloned().unwrap_or_default() } else { name.trim().to_owned() };
        return vec![(path, name)];
    };
    let inside = inside.rsplit_once('}').map_or(inside, |(inside, _)| inside);
    let prefix: Vec<String> =
        prefix.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let mut found = Vec::new();
    for branch in branches(inside) {
        for (path, name) in leaves(branch) {
            let path: Vec<String> = if path.len() == 1 && path[0] == "self" { Vec::new() } else { path };
            let name = if name == "self" { prefix.last().cloned().unwrap_or_default() } else { name };
            found.push(([prefix.clone(), path].concat(), name));
        }
    }
    found
}

/// Splits at the commas outside braces.
fn branches(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_u32, 0, Vec::new());
    for (index, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found.retain(|branch| !branch.trim().is_empty());
    found
}

/// Returns the paths in code that begin with `root`.
fn inline_paths(code: &str, root: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (index, _) in code.match_indices(&format!("{root}::")) {
        let before = code[..index].chars().next_back();
        if before.is_some_and(|letter| is_of_name(letter) || matches!(letter, ':' | '$' | '.')) {
            continue;
        }
        let path = code[index..].split(|letter: char| !is_of_name(letter) && letter != ':');
        let path = path.take(1).flat_map(|path| path.split("::")).filter(|part| !part.is_empty());
        found.push(path.map(str::to_owned).collect());
    }
    found
}

/// Returns the path from the crate root; `None` for a path into another crate.
fn absolute(path: &[String], here: &[String], children: &[&str]) -> Option<Vec<String>> {
    let (first, mut rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" => Vec::new(),
        "self" => here.to_vec(),
        "super" => here[..here.len().checked_sub(1)?].to_vec(),
        child if children.contains(&child) => [here, std::slice::from_ref(first)].concat(),
        _ => return None,
    };
    while let Some((next, others)) = rest.split_first().filter(|(next, _)| *next == "super") {
        debug_assert_eq!(next, "super");
        base.pop();
        rest = others;
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str, here: &[&str]) -> Vec<String> {
        let here: Vec<String> = here.iter().map(|part| (*part).to_owned()).collect();
        imports(text, &here).into_iter().map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn nested_trees_and_relative_paths_are_resolved() {
        let text =
            "use std::fmt;\nuse super::{bucket::{Bucket, self}, RateLimit};\npub(crate) use self::lane::Lane as L;\n";
        assert_eq!(
            paths(text, &["rate_limit", "limiter"]),
            [
                "rate_limit::bucket::Bucket",
                "rate_limit::bucket",
                "rate_limit::RateLimit",
                "rate_limit::limiter::lane::Lane"
            ]
        );
    }

    #[test]
    fn paths_in_code_count_and_comments_and_tests_do_not() {
        let text = "// use crate::a::A;\nfn f() { crate::b::c(\"crate::d::e\") }\n#[cfg(test)]\nmod tests { use crate::f::G; }\n";
        assert_eq!(paths(text, &["x"]), ["b::c"]);
    }

    #[test]
    fn paths_in_texts_do_not_count() {
        let text =
            "fn f() { g(\"//! a\\n\\\"\nuse crate::a::A;\n\", '\"', r#\"use \"crate::b::B;\"#, 'x', crate::c::d) }\n";
        assert_eq!(paths(text, &["x"]), ["c::d"]);
    }

    #[test]
    fn paths_that_begin_with_a_declared_module_are_resolved() {
        let text = "pub(crate) mod work;\nmod deliver;\nuse deliver::Decision;\nfn f() { work::handle(other::x) }\n";
        assert_eq!(paths(text, &["runtime"]), ["runtime::deliver::Decision", "runtime::work::handle"]);
        assert!(
            paths("mod tests {}\nfn f() { tests::x() }\n", &["runtime"]).is_empty(),
            "an inline module is not a file"
        );
        assert!(paths("mod work;\nfn f() { rework::x(); self.work::<T>() }\n", &["a"]).is_empty());
    }

    #[test]
    fn a_renamed_reexport_is_known_by_its_new_name() {
        let found = reexports("pub use self::lane::{Lane, Token as Permit};\n", &["rate_limit".to_owned()]);
        assert_eq!(found["Lane"], ["rate_limit", "lane", "Lane"]);
        assert_eq!(found["Permit"], ["rate_limit", "lane", "Token"]);
    }
}
