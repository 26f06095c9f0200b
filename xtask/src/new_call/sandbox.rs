//! The record, the table and the handler of the sandbox.

use super::edit::Edits;
use super::spec::Spec;

const SRC: &str = "crates/avala-sandbox/src";

/// Adds the record of a new model and a table for it.
pub(super) fn record(edits: &mut Edits, spec: &Spec, model: &str) -> Result<(), String> {
    let module = Spec::model_module(model);
    let fields: String =
        spec.fields.iter().map(|(name, kind)| format!("            {name}: Option<{}>,\n", kind.names().1)).collect();
    let time = if fields.contains("Timestamp") { "use avala_types::Timestamp;\n" } else { "" };
    let text = format!(
        "//! TODO: describe {module}.\n\nuse avala_types::{model}Uid;\n{time}\nuse super::record;\n\nrecord! {{\n    /// Model `{model}`.\n    \
         pub(crate) struct {model} {{\n        required {{\n            uid: {model}Uid,\n        }}\n        optional {{\n{fields}        }}\n    }}\n}}\n"
    );
    edits.set(&format!("{SRC}/schema/{module}.rs"), text);
    let schema = &format!("{SRC}/schema/mod.rs");
    edits.insert_sorted(schema, "mod ", &format!("mod {module};"))?;
    edits.insert_sorted(schema, "pub(crate) use ", &format!("pub(crate) use {module}::{model};"))?;
    edits.insert_into_list(&format!("{SRC}/schema/tests.rs"), "records![\n", &format!("        {model},"))?;
    edits.insert_into_list(&format!("{SRC}/schema/wire.rs"), "texts!(\n", &format!("    {model}Uid,"))?;

    let tables = &format!("{SRC}/state/tables.rs");
    let (table, words) = (&spec.resource, spec.resource.replace('_', " "));
    edits.import(tables, "crate::schema", model)?;
    let field = format!("    pub(crate) {table}: Table<{model}>,");
    edits.insert_into_list(tables, "pub(crate) struct Tables {\n", &field)?;
    edits.insert_into_list(tables, "        Self {\n", &format!("            {table}: Table::new(\"{words}\"),"))
}

/// Adds the handler and its route.
pub(super) fn handler(edits: &mut Edits, spec: &Spec) -> Result<(), String> {
    let (resource, call) = (&spec.resource, handler_name(&spec.call));
    let file = format!("{SRC}/handlers/{resource}.rs");
    if !edits.exists(&file) {
        edits.set(
            &file,
            format!(
                "//! TODO: describe {resource}.\n\nuse axum::extract::State;\n\nuse crate::app::App;\nuse crate::routes::Routes;\n\n\
                 pub(crate) fn routes() -> Routes {{\n    Routes::new()\n}}\n"
            ),
        );
        let module = &format!("{SRC}/handlers/mod.rs");
        edits.insert_sorted(module, "pub(crate) mod ", &format!("pub(crate) mod {resource};"))?;
        let router = &format!("{SRC}/router.rs");
        edits.import(router, "crate::handlers", resource)?;
        edits.insert_into_list(router, "    Routes::new()\n", &format!("        .merge({resource}::routes())"))?;
    }
    let route = format!(".{}(\"{}\", {call})", spec.method.to_lowercase(), spec.path);
    edits.insert_before(&file, "Routes::new()", "", &route)?;
    // Only a table of the model itself needs no conversion; another one has rows of its own.
    let has_table = match &spec.model {
        Some(model) => {
            edits.read(&format!("{SRC}/state/tables.rs"))?.contains(&format!(" {resource}: Table<{model}>,"))
        }
        None => false,
    };
    let (text, imports) = body(spec, call, has_table);
    for (module, name) in imports {
        edits.import(&file, module, &name)?;
    }
    let all = edits.read(&file)?;
    edits.set(&file, format!("{all}\n{text}"));
    Ok(())
}

/// Handlers are functions: `get` is the method of a router, and `test` would be taken for a test.
fn handler_name(call: &str) -> &str {
    match call {
        "get" => "get_one",
        "test" => "run_test",
        "delete" => "delete_one",
        other => other,
    }
}

/// The names that a handler uses, and their modules.
type Imports = Vec<(&'static str, String)>;

/// Returns the handler. Lists and single records of a table are complete; others are left to be written.
fn body(spec: &Spec, name: &str, has_table: bool) -> (String, Imports) {
    let table = &spec.resource;
    match &spec.model {
        Some(model) if has_table && spec.is_page => (
            format!(
                "async fn {name}(State(app): State<App>, query: ListQuery) -> ApiResult<Page<{model}>> {{\n    \
                 query.list(&app.tables().{table}).cursor_page({model}::clone)\n}}\n"
            ),
            vec![
                ("crate::error", "ApiResult".to_owned()),
                ("crate::request::list", "ListQuery".to_owned()),
                ("crate::schema", "Page".to_owned()),
                ("crate::schema", model.clone()),
            ],
        ),
        Some(model) if has_table && spec.method == "GET" && spec.placeholders() == ["uid"] => {
            let uid = spec.placeholder_type("uid");
            (
                format!(
                    "async fn {name}(State(app): State<App>, Path(uid): Path<{uid}>) -> ApiResult<{model}> {{\n    \
                     Ok(Json(app.tables().{table}.get(uid)?.clone()))\n}}\n"
                ),
                vec![
                    ("crate::response", "Json".to_owned()),
                    ("axum::extract", "Path".to_owned()),
                    ("avala_types", uid),
                    ("crate::error", "ApiResult".to_owned()),
                    ("crate::schema", model.clone()),
                ],
            )
        }
        _ => (
            format!(
                "/// TODO: write the handler.\nasync fn {name}(State(_): State<App>) -> ApiError {{\n    ApiError::not_found()\n}}\n"
            ),
            vec![("crate::error", "ApiError".to_owned())],
        ),
    }
}
