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
    edits.insert_before(&format!("{SRC}/schema/tests.rs"), "", "        Model,\n", &format!("        {model},\n"))?;

    let tables = &format!("{SRC}/state/tables.rs");
    let (table, words) = (&spec.resource, spec.resource.replace('_', " "));
    edits.insert_before(tables, "use crate::schema::{", "", &format!("{model}, "))?;
    edits.insert_before(
        tables,
        "pub(crate) struct Tables {\n",
        "",
        &format!("    pub(crate) {table}: Table<{model}>,\n"),
    )?;
    edits.insert_before(tables, "        Self {\n", "", &format!("            {table}: Table::new(\"{words}\"),\n"))
}

/// Adds the handler and its route.
pub(super) fn handler(edits: &mut Edits, spec: &Spec) -> Result<(), String> {
    let (resource, call) = (&spec.resource, handler_name(&spec.call));
    let file = format!("{SRC}/handlers/{resource}.rs");
    if !edits.exists(&file) {
        edits.set(
            &file,
            format!(
                "//! TODO: describe {resource}.\n\nuse axum::extract::State;\n\nuse crate::app::App;\nuse crate::error::ApiResult;\n\
                 use crate::routes::Routes;\n\npub(crate) fn routes() -> Routes {{\n    Routes::new()\n}}\n"
            ),
        );
        let module = &format!("{SRC}/handlers/mod.rs");
        edits.insert_sorted(module, "pub(crate) mod ", &format!("pub(crate) mod {resource};"))?;
        let router = &format!("{SRC}/router.rs");
        edits.insert_before(router, "use crate::handlers::{\n", "", &format!("    {resource},\n"))?;
        edits.insert_before(router, "    Routes::new()\n", "", &format!("        .merge({resource}::routes())\n"))?;
    }
    let route = format!(".{}(\"{}\", {call})", spec.method.to_lowercase(), spec.path);
    edits.insert_before(&file, "Routes::new()", "", &route)?;
    let all = edits.read(&file)?;
    edits.set(&file, format!("{all}\n{}", body(spec, call)));
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

/// Returns the handler. Lists and single records are complete; others are left to be written.
fn body(spec: &Spec, name: &str) -> String {
    let table = &spec.resource;
    match &spec.model {
        Some(model) if spec.is_page => format!(
            "async fn {name}(State(app): State<App>, query: crate::request::list::ListQuery) -> \
                 ApiResult<crate::schema::Page<crate::schema::{model}>> {{\n    \
                 query.list(&app.tables().{table}).cursor_page(crate::schema::{model}::clone)\n}}\n"
        ),
        Some(model) if spec.method == "GET" && spec.placeholders() == ["uid"] => format!(
            "async fn {name}(\n    State(app): State<App>,\n    axum::extract::Path(uid): axum::extract::Path<avala_types::{model}Uid>,\n) -> \
                 ApiResult<crate::schema::{model}> {{\n    Ok(axum::Json(app.tables().{table}.get(uid)?.clone()))\n}}\n"
        ),
        _ => format!(
            "/// TODO: write the handler.\nasync fn {name}(State(_): State<App>) -> crate::error::ApiError {{\n    \
                 crate::error::ApiError::not_found()\n}}\n"
        ),
    }
}
