//! Writes `docs/coverage.md`: the calls of the contract in the client and the sandbox.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{log, root};

const FILE: &str = "docs/coverage.md";

/// Features of official clients or servers that this project leaves out.
const EXCLUDED: &str = "
## Excluded on purpose

These routes are not part of the contract: staff routes, the context of deliverables, work batches, creating a dataset from
an existing one, and approving. Raw calls (`Avala::request`) reach them with a key that may use them.
";

/// Prints the table and writes it to the file.
pub(crate) fn write() -> Outcome {
    log(&table()?);
    write_quietly()
}

/// Writes the table to the file.
pub(crate) fn write_quietly() -> Outcome {
    let table = table()?;
    let path = root().join(FILE);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, table));
    written.map_err(|error| format!("{FILE}: {error}"))
}

/// Fails if the file is out of date.
pub(crate) fn check() -> Outcome {
    // A missing file is out of date.
    let written = fs::read_to_string(root().join(FILE)).unwrap_or_default();
    if written == table()? { Ok(()) } else { Err(format!("{FILE} is out of date; run `cargo xtask coverage`")) }
}

fn table() -> Result<String, String> {
    let client = sources("crates/avala-client/src/resources")?.concat();
    let sandbox = routes(&sources("crates/avala-sandbox/src")?);
    let rows = rows()?;
    let (mut lines, mut in_client, mut in_sandbox) = (String::new(), 0, 0);
    for row in &rows {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let (call, method, path) = (text("call"), text("method"), text("path"));
        // Each call's name is a string literal in the client's sources.
        let has_client = client.contains(&format!("\"{call}\""));
        let has_sandbox = sandbox.contains(&(method.to_owned(), without_names(path)));
        in_client += usize::from(has_client);
        in_sandbox += usize::from(has_sandbox);
        let seen_in: Vec<&str> =
            row.get("seen_in").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        lines += &format!(
            "| `{call}` | {method} | `{path}` | {} | {} | {} | {} |\n",
            yes(has_client),
            yes(has_sandbox),
            fixture(text("returns")),
            seen_in.join(", "),
        );
    }
    Ok(format!(
        "# Coverage\n\n\
         Which calls of the contract (`tests/contract/endpoints.json`) the client and the sandbox have. \
         Written by `cargo xtask coverage`.\n\n\
         {} calls: the client has {in_client}, the sandbox has {in_sandbox}. \
         The fixture is that of the returned model; a dash means that the contract names no model.\n\n\
         | call | method | path | client | sandbox | fixture | known from |\n\
         |---|---|---|---|---|---|---|\n{lines}{EXCLUDED}",
        rows.len()
    ))
}

fn yes(there: bool) -> &'static str {
    if there { "yes" } else { "no" }
}

fn rows() -> Result<Vec<Value>, String> {
    let path = root().join("tests/contract/endpoints.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Returns whether the returned model has fixtures: `page<DatasetItem>` has them in the folder `dataset_item`.
fn fixture(returns: &str) -> &'static str {
    let model = returns.split_once('<').map_or(returns, |(_, inside)| inside.trim_end_matches('>'));
    if !model.starts_with(|first: char| first.is_ascii_uppercase()) {
        return "–";
    }
    let mut folder = String::new();
    for letter in model.chars() {
        if letter.is_ascii_uppercase() && !folder.is_empty() {
            folder.push('_');
        }
        folder.push(letter.to_ascii_lowercase());
    }
    yes(root().join("tests/fixtures").join(folder).is_dir())
}

/// Returns the routes of the sandbox, parsed from source text such as `.get("/tasks/{uid}/", get_one)`.
fn routes(sources: &[String]) -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    for method in ["get", "post", "put", "patch", "delete"] {
        // The first argument of `get_as` is the path of the contract, the second one that of the router.
        for call in [format!(".{method}("), format!(".{method}_as(")] {
            for route in sources.iter().flat_map(|source| source.split(&*call).skip(1)) {
                let path = route.trim_start().strip_prefix('"').and_then(|route| route.split_once('"'));
                if let Some((path, _)) = path.filter(|(path, _)| path.starts_with('/')) {
                    routes.insert((method.to_ascii_uppercase(), without_names(path)));
                }
            }
        }
    }
    routes
}

/// Returns the path without the names of its placeholders, which may differ between client and sandbox.
fn without_names(path: &str) -> String {
    let parts = path.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    // `{dataset}@{selector}` is one segment, which the sandbox's router cannot split.
    parts.collect::<Vec<_>>().join("{}").replace("{}@{}", "{}")
}

/// Returns the text of each source file in a folder.
fn sources(folder: &str) -> Result<Vec<String>, String> {
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            if path.is_dir() {
                folders.push(path);
            } else {
                sources.push(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?);
            }
        }
    }
    Ok(sources)
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}
