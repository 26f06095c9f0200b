//! Exports.

use avala_types::{CreateExport, ExportFormat, ExportStatus, ExportUid};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created};
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Export, Page, choices};
use crate::state::lookup::export_key;
use crate::state::table::Table;
use crate::state::{clock, export};

pub(crate) fn routes() -> Routes {
    Routes::new().get("/exports/", list).post("/exports/", create).get("/exports/{uid}/", get_one)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<Export>> {
    query.list(&app.tables().exports).cursor_page(|export| view(&app, export))
}

/// Returns an export, and advances it by one step.
async fn get_one(State(app): State<App>, Path(uid): Path<ExportUid>) -> ApiResult<Export> {
    let mut tables = app.tables();
    let export = tables.exports.get_mut(uid)?;
    let event = export::advance(export);
    let export = view(&app, export);
    if let Some(event) = event {
        app.announce(&mut tables, &event, &export);
    }
    Ok(Json(export))
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<Export> {
    let payload: CreateExport = body.read(|fields| {
        for name in ["project", "dataset", "name", "filter_query_string"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["projects", "datasets", "slices"] {
            fields.optional(name, Kind::Texts);
        }
        fields.optional("format", Kind::Choice(choices::EXPORT_FORMAT));
    })?;
    let mut tables = app.tables();
    let projects = existing(
        &tables.projects,
        [("project", Vec::from_iter(payload.project)), ("projects", payload.projects.unwrap_or_default())],
    )?;
    let datasets = existing(
        &tables.datasets,
        [("dataset", Vec::from_iter(payload.dataset)), ("datasets", payload.datasets.unwrap_or_default())],
    )?;
    let slices = existing(&tables.slices, [("slices", payload.slices.unwrap_or_default())])?;
    if projects.is_empty() && datasets.is_empty() && slices.is_empty() {
        return Err(ApiError::body("An export needs a project, a dataset or a slice."));
    }

    let unfinished = || tables.exports.rows().filter(|export| !export::is_over(export)).count();
    app.settings().documented_limits.check_exports(unfinished)?;
    let mut export = Export::new("");
    export.name = payload.name.or_else(|| Some("Export".to_owned()));
    export.format = payload.format.or(Some(ExportFormat::AvalaJsonExternal));
    export.status = Some(ExportStatus::Requested);
    export.projects = projects;
    export.datasets = datasets;
    export.slices = slices;
    export.total_task_count = Some(export::count_tasks(&tables, &export));
    export.created_at = clock::now();
    export.updated_at = export.created_at;
    let export = tables.exports.add(|uid| {
        export.uid = uid.into();
        export
    });
    Ok((StatusCode::CREATED, Json(export.clone())))
}

/// Returns the UIDs that two fields name together, or 400 if one of them does not exist.
fn existing<U: AsRef<str>, T, const N: usize>(
    table: &Table<T>,
    fields: [(&str, Vec<U>); N],
) -> Result<Vec<U>, ApiError> {
    let mut existing = Vec::new();
    for (field, uids) in fields {
        table.require(field, &uids)?;
        existing.extend(uids);
    }
    Ok(existing)
}

fn has_file(export: &Export) -> bool {
    matches!(export.status, Some(ExportStatus::Exported | ExportStatus::Completed))
}

/// Returns the export with a new URL of its file.
fn view(app: &App, export: &Export) -> Export {
    let mut view = export.clone();
    view.download_url = has_file(export).then(|| app.links().url(&export_key(&export.uid)));
    view
}
