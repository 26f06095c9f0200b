//! Module rules: within a crate, files import from the module that defines an item, and never in a cycle.
//!
//! Imports are read as text: `use` declarations and paths that begin with `crate::`, `self::` or `super::`. Code of
//! unit tests (everything after `#[cfg(test)]` at the end of a file) does not count. A re-export is resolved to the
//! module that defines the item, so that a `pub use` in a parent creates no dependency on the parent.

mod graph;
mod imports;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use self::graph::cycles;
use self::imports::{Import, imports, reexports};
use crate::outcome::Outcome;
use crate::process::{log, root};

/// The path of a module inside its crate, such as `["layer", "retry"]`; empty for `lib.rs`.
type ModulePath = Vec<String>;

/// One source file of a crate.
struct Module {
    path: ModulePath,
    file: PathBuf,
    imports: Vec<Import>,
    /// Names that this module re-exports, with the path where each one comes from.
    reexports: BTreeMap<String, Vec<String>>,
}

/// Rejects cycles of modules and imports through the crate root, in every crate and in xtask.
pub(crate) fn check() -> Outcome {
    let mut broken = Vec::new();
    for folder in crates()? {
        let modules = read_crate(&folder)?;
        let (edges, through_root) = dependencies(&modules);
        let name = |index: usize| {
            let file = modules.get(index).map(|module| module.file.as_path()).unwrap_or(&folder);
            file.strip_prefix(root()).unwrap_or(file).display().to_string()
        };
        for cycle in cycles(&edges) {
            let files: Vec<_> = cycle.into_iter().map(name).collect();
            broken.push(format!("cycle of {} modules: {}", files.len(), files.join(", ")));
        }
        for (index, item) in through_root {
            broken.push(format!("{}: imports `crate::{item}`; import it from the module that defines it", name(index)));
        }
        log(&format!("{}: {} modules", name(usize::MAX), modules.len()));
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

fn crates() -> Result<Vec<PathBuf>, String> {
    let folder = root().join("crates");
    let mut found = entries(&folder)?;
    found.push(root().join("xtask"));
    found.retain(|path| path.join("src").is_dir());
    found.sort();
    Ok(found)
}

fn read_crate(folder: &Path) -> Result<Vec<Module>, String> {
    let source = folder.join("src");
    let mut modules = Vec::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for file in entries(&folder)? {
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
                let path = module_path(file.strip_prefix(&source).unwrap_or(&file));
                modules.push(Module { imports: imports(&text, &path), reexports: reexports(&text, &path), path, file });
            }
        }
    }
    modules.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(modules)
}

/// Returns the path of a module: `layer/retry/mod.rs` and `layer/retry.rs` are both `["layer", "retry"]`.
fn module_path(file: &Path) -> ModulePath {
    let mut path: ModulePath =
        file.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if path.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        path.pop();
    }
    path
}

/// Returns the dependencies between modules by index, and the imports that go through the crate root.
fn dependencies(modules: &[Module]) -> (Vec<Vec<usize>>, Vec<(usize, String)>) {
    let mut edges = vec![Vec::new(); modules.len()];
    let mut through_root = Vec::new();
    for (from, module) in modules.iter().enumerate() {
        for import in &module.imports {
            let is_of_root = import.path.len() == 1 && !module.path.is_empty();
            let Some(to) = resolve(modules, &import.path, 8) else { continue };
            if is_of_root && modules.get(to).is_some_and(|target| !target.path.is_empty() && target.path != import.path)
            {
                through_root.push((from, import.path.join("::")));
            }
            if to != from && !import.is_reexport {
                edges.get_mut(from).into_iter().for_each(|edges| edges.push(to));
            }
        }
    }
    (edges, through_root)
}

/// Returns the module that defines the item of a path, following re-exports at most `depth` times.
fn resolve(modules: &[Module], path: &[String], depth: usize) -> Option<usize> {
    // The longest prefix that is a module.
    let (index, rest) = (0..=path.len()).rev().find_map(|length| {
        let index = modules.iter().position(|module| module.path == path[..length])?;
        Some((index, &path[length..]))
    })?;
    let reexported = rest.first().and_then(|name| modules.get(index)?.reexports.get(name));
    match reexported {
        Some(target) if depth > 0 => resolve(modules, target, depth - 1).or(Some(index)),
        _ => Some(index),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(|error| format!("{}: {error}", folder.display()))
}
