//! Renders the guide as a book in `target/book`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::outcome::Outcome;
use crate::process::{log, root, target_directory};

const GUIDE: &str = "docs/guide";

/// The page whose links are the table of contents.
const INDEX: &str = "docs/guide/index.md";

/// The page that has a page for each row of its table, in a folder of its name.
const OVERVIEW: &str = "error-kinds";

/// Renders the book; skips that, visibly, if mdbook is not installed.
pub(crate) fn render() -> Outcome {
    check()?;
    let Some(mdbook) = mdbook()? else {
        log("skipped: the book, because mdbook is not installed (cargo install mdbook --no-default-features --locked)");
        return Ok(());
    };
    let folder = target_directory()?.join("book-source");
    let source = folder.join("src");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::create_dir_all(&source).map_err(|error| format!("{}: {error}", source.display()))?;
    let pages = pages()?;
    for page in std::iter::once("index.md").chain(pages.iter().map(|(_, page)| page.as_str())) {
        let (from, to) = (root().join(GUIDE).join(page), source.join(page));
        let copied = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(&from, &to).map(drop));
        copied.map_err(|error| format!("{}: {error}", from.display()))?;
    }
    let write =
        |path: PathBuf, text: String| fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()));
    let depth = |page: &str| "  ".repeat(page.matches('/').count());
    let lines: Vec<String> = pages.iter().map(|(title, page)| format!("{}- [{title}]({page})", depth(page))).collect();
    write(source.join("SUMMARY.md"), format!("# Summary\n\n- [Contents](index.md)\n{}\n", lines.join("\n")))?;
    write(folder.join("book.toml"), "[book]\ntitle = \"Avala for Rust\"\nlanguage = \"en\"\n".to_owned())?;
    let target = target_directory()?.join("book");
    match Command::new(&mdbook).arg("build").arg(&folder).arg("--dest-dir").arg(&target).status() {
        Ok(status) if status.success() => log(&format!("book: {}", target.join("index.html").display())),
        Ok(status) => return Err(format!("mdbook failed with {status}")),
        Err(error) => return Err(format!("{}: {error}", mdbook.display())),
    }
    Ok(())
}

/// Fails if the table of contents lacks a page of the guide, or a page that has a folder lacks one of that folder.
pub(crate) fn check() -> Outcome {
    let pages = pages()?;
    for folder in ["", OVERVIEW] {
        let entries = fs::read_dir(root().join(GUIDE).join(folder)).map_err(|error| format!("{GUIDE}: {error}"))?;
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let is_page = name.ends_with(".md") && name != "index.md";
            if is_page && !pages.iter().any(|(_, page)| *page == name) {
                let from = if folder.is_empty() { INDEX.to_owned() } else { format!("{GUIDE}/{folder}.md") };
                return Err(format!("{from} has no link to {name}"));
            }
        }
    }
    Ok(())
}

/// Titles and files of the pages, from the list items of the index, which begin with `[title][page]`; and behind the
/// overview those of its table.
fn pages() -> Result<Vec<(String, String)>, String> {
    let mut pages = Vec::new();
    for (title, page) in linked(INDEX, "- [")? {
        let is_overview = page == format!("{OVERVIEW}.md");
        pages.push((title, page));
        if is_overview {
            pages.extend(linked(&format!("{GUIDE}/{OVERVIEW}.md"), "| [")?);
        }
    }
    Ok(pages)
}

/// Titles and files of the lines of a page that begin with `[title][page]` behind a mark.
fn linked(file: &str, mark: &str) -> Result<Vec<(String, String)>, String> {
    let text = fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
    let items = text.lines().filter_map(|line| line.trim_start().strip_prefix(mark));
    let pages = items.filter_map(|item| {
        let (title, rest) = item.split_once("][")?;
        let (page, _) = rest.split_once(']')?;
        Some((title.to_owned(), format!("{page}.md")))
    });
    Ok(pages.collect())
}

/// Returns the program: on the path, or where `cargo install --root target/tools` puts it.
fn mdbook() -> Result<Option<PathBuf>, String> {
    let candidates = [PathBuf::from("mdbook"), target_directory()?.join("tools/bin/mdbook")];
    let works = |program: &PathBuf| Command::new(program).arg("--version").output().is_ok();
    Ok(candidates.into_iter().find(works))
}
