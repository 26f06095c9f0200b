//! Checks the links between the Markdown files, the commands that run a program, and the paths in `docs/tasks.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::outcome::Outcome;
use crate::process::{log, root};

/// Files and folders whose links are checked.
const PLACES: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs",
    "docs/guide",
    "docs/guide/error-kinds",
    "examples",
];

/// The page with the paths of ten tasks.
const TASKS: &str = "docs/tasks.md";
/// Maximum number of links from the README to a task.
const MAX_LINKS: usize = 3;

/// Fails with each broken relative link, and each path of a task that cannot be followed.
pub(crate) fn check() -> Outcome {
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in files()? {
        let text = read(&file)?;
        let missing = programs(&text).into_iter().filter(|(package, name)| !is_program(package, name));
        wrong.extend(missing.map(|(package, name)| format!("{}: {package} has no program `{name}`", file.display())));
        for link in links(&text) {
            count += 1;
            if let Some(problem) = problem(&file, &link) {
                wrong.push(format!("{}: {link}: {problem}", file.display()));
            }
        }
    }
    wrong.extend(tasks()?);
    log(&format!("links: {count}"));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn files() -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for place in PLACES {
        if place.ends_with(".md") {
            files.push(PathBuf::from(place));
            continue;
        }
        let entries = fs::read_dir(root().join(place)).map_err(|error| format!("{place}: {error}"))?;
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
        files.extend(names.filter(|name| name.ends_with(".md")).map(|name| Path::new(place).join(name)));
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(root().join(file)).map_err(|error| format!("{}: {error}", file.display()))
}

/// Returns the targets of all links `[text](target)` and definitions `[name]: target` outside code.
fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        if let Some((_, target)) = line.strip_prefix('[').and_then(|line| line.split_once("]: ")) {
            targets.push(target.trim().to_owned());
        }
        // Text in backticks is code as well.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
        for part in prose.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                targets.push(target.to_owned());
            }
        }
    }
    targets
}

/// Returns package and name of each program that the text runs, such as `cargo run -p package --example name`.
fn programs(text: &str) -> Vec<(String, String)> {
    let commands = text.split("cargo run -p ").skip(1).filter_map(|command| command.lines().next());
    let read = |command: &str| {
        let mut words = command.split_whitespace();
        let package = words.next()?;
        words.next().filter(|word| matches!(*word, "--example" | "--bin"))?;
        let name: String =
            words.next()?.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        Some((package.to_owned(), name))
    };
    commands.filter_map(read).collect()
}

/// Returns whether a package has an example or a binary of this name.
fn is_program(package: &str, name: &str) -> bool {
    let folder = root().join("crates").join(package);
    // Unpublished packages are in folders with the last part of their names.
    let folder = if folder.exists() { folder } else { root().join(package.trim_start_matches("avala-")) };
    let places = ["examples", "src/bin"].map(|place| folder.join(place));
    places.iter().any(|place| place.join(format!("{name}.rs")).exists() || place.join(name).join("main.rs").exists())
}

/// Returns why a link of a file is broken. Links to other hosts are not followed.
fn problem(file: &Path, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { file.to_owned() } else { resolve(file, path) };
    if !root().join(&target).exists() {
        return Some("there is no such file".to_owned());
    }
    let anchor = anchor?;
    let text = read(&target).ok()?;
    (!anchors(&text).contains(anchor)).then(|| format!("{} has no heading for #{anchor}", target.display()))
}

/// Returns the path from the root of a relative link in a file.
fn resolve(file: &Path, link: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in file.parent().unwrap_or(Path::new("")).join(link).components() {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

/// Returns the anchors of the headings, as GitHub and mdBook derive them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
            kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
        })
        .collect()
}

/// Follows the paths of the table in [`TASKS`]: each row has a task, and the pages from the README on.
fn tasks() -> Result<Vec<String>, String> {
    let text = read(Path::new(TASKS))?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in text.lines().filter_map(|line| line.strip_prefix("| ")).skip(1) {
        let cells: Vec<&str> = row.trim_end_matches('|').split('|').map(str::trim).collect();
        let (Some(task), Some(path)) = (cells.first(), cells.get(1)) else { continue };
        count += 1;
        if let Err(problem) = follow(path) {
            wrong.push(format!("{TASKS}: {task}: {problem}"));
        }
    }
    if count < 10 {
        wrong.push(format!("{TASKS}: {count} tasks instead of ten"));
    }
    Ok(wrong)
}

/// Follows `README.md > docs/guide/a.md > docs/guide/b.md#heading`.
fn follow(path: &str) -> Result<(), String> {
    let pages: Vec<&str> = path.split('>').map(str::trim).collect();
    if pages.first() != Some(&"README.md") || pages.len() > MAX_LINKS + 1 {
        return Err(format!("`{path}` is not reachable from README.md over at most {MAX_LINKS} links"));
    }
    for pair in pages.windows(2) {
        let [from, to] = pair else { continue };
        let from = Path::new(from.split('#').next().unwrap_or(from));
        let target = |link: &String| {
            let (path, anchor) = link.split_once('#').map_or((link.as_str(), ""), |(path, anchor)| (path, anchor));
            let page = if path.is_empty() { from.to_owned() } else { resolve(from, path) };
            if anchor.is_empty() { page.display().to_string() } else { format!("{}#{anchor}", page.display()) }
        };
        let text = read(from)?;
        let page = |name: &str| name.split('#').next().unwrap_or(name).to_owned();
        // A link to the page is sufficient, because it has the heading.
        if !links(&text).iter().map(target).any(|link| link == *to || (!link.contains('#') && link == page(to))) {
            return Err(format!("{} has no link to {to}", from.display()));
        }
        if let Some(problem) = problem(Path::new(""), to) {
            return Err(format!("{to}: {problem}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_code_are_no_links() {
        let text = "[a](b.md) and `[x](no.md)`\n```\n[c](no.md)\n```\n[d](../e.md#f)\n[g]: h.md";
        assert_eq!(links(text), ["b.md", "../e.md#f", "h.md"]);
    }

    #[test]
    fn programs_of_commands_have_to_exist() {
        let text = "`cargo run -p avala-client --example quickstart`\ncargo run -p avala-cli -- help\n";
        assert_eq!(programs(text), [("avala-client".to_owned(), "quickstart".to_owned())]);
        assert!(is_program("avala-client", "quickstart") && is_program("avala-examples", "backend"));
        assert!(!is_program("avala-tests", "tracing_opentelemetry") && !is_program("avala-client", "audit"));
    }

    #[test]
    fn headings_become_anchors() {
        assert!(anchors("## What can go wrong?\n").contains("what-can-go-wrong"));
    }

    #[test]
    fn links_are_relative_to_their_file() {
        assert_eq!(resolve(Path::new("docs/guide/a.md"), "../b.md"), Path::new("docs/b.md"));
    }

    #[test]
    fn path_of_a_task_has_to_start_at_the_front_page() {
        assert!(follow("docs/tasks.md > README.md").is_err());
        assert!(follow("README.md > CHANGELOG.md > README.md > CHANGELOG.md > README.md").is_err());
    }
}
