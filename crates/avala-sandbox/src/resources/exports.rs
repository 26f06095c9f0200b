//! Exports.

use avala_types::{CreateExport, EventType, Export, ExportFormat, ExportStatus, ExportUid, RawPageResponse, Task};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::clock;
use crate::error::{Answer, ApiError, Created};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::resources::Tables;
use crate::routes::Routes;
use crate::table::Table;
use crate::validation::Kind;

/// The name of an export that fails, for clients that want to see one.
const FAILS: &str = "fail";

pub(crate) fn routes() -> Routes {
    Routes::new().get("/exports/", list).post("/exports/", create).get("/exports/{uid}/", get_one)
}

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<Export>> {
    query.list(&app.tables().exports).cursor_page(Export::clone)
}

/// An export is one step further with each answer.
async fn get_one(State(app): State<App>, Path(uid): Path<ExportUid>) -> Answer<Export> {
    let mut tables = app.tables();
    let export = tables.exports.get_mut(uid)?;
    let event = advance(export);
    let export = export.clone();
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
        fields.optional("format", Kind::Choice(ExportFormat::KNOWN));
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

    let mut export = Export::new("");
    export.name = payload.name.or_else(|| Some("Export".to_owned()));
    export.format = payload.format.or(Some(ExportFormat::AvalaJsonExternal));
    export.status = Some(ExportStatus::Requested);
    export.projects = projects;
    export.datasets = datasets;
    export.slices = slices;
    export.total_task_count = Some(count_tasks(&tables, &export));
    export.created_at = clock::now();
    export.updated_at = export.created_at;
    let export = tables.exports.add(|uid| {
        export.uid = uid.into();
        export
    });
    Ok((StatusCode::CREATED, Json(export.clone())))
}

/// The uids that two fields name together, or 400 when there is nothing behind one of them.
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

/// What an export covers: the tasks of its projects, and the items of its datasets and slices as if each were a task.
fn count_tasks(tables: &Tables, export: &Export) -> u64 {
    let is_covered = |task: &&Task| task.project.as_ref().is_some_and(|project| export.projects.contains(project));
    let tasks = tables.tasks.rows().filter(is_covered).count() as u64;
    let datasets = tables.datasets.rows().map(|row| &row.dataset);
    let items: u64 =
        datasets.filter(|dataset| export.datasets.contains(&dataset.uid)).map(|dataset| dataset.item_count).sum();
    let slices = tables.slices.rows().map(|row| &row.slice);
    let slices = slices.filter(|slice| export.slices.contains(&slice.uid)).filter_map(|slice| slice.item_count);
    tasks + items + slices.sum::<u64>()
}

/// Takes one step: requested, pending, processing until all tasks are written, exported. An export whose name is
/// [`FAILS`] has failed instead. Returns the event that this is, if it is one.
fn advance(export: &mut Export) -> Option<EventType> {
    let total = export.total_task_count.unwrap_or_default();
    let written = export.exported_task_count.unwrap_or_default();
    match export.status {
        Some(ExportStatus::Requested) => export.status = Some(ExportStatus::Pending),
        Some(ExportStatus::Pending) => {
            export.status = Some(ExportStatus::Processing);
            export.exported_task_count = Some(total / 3);
        }
        Some(ExportStatus::Processing) if export.name.as_deref() == Some(FAILS) => {
            export.status = Some(ExportStatus::Failed);
            return Some(EventType::ExportFailed);
        }
        Some(ExportStatus::Processing) if written < total * 2 / 3 => export.exported_task_count = Some(total * 2 / 3),
        Some(ExportStatus::Processing) => {
            export.status = Some(ExportStatus::Exported);
            export.exported_task_count = Some(total);
            export.download_url = Some(format!("https://storage.avala.ai/exports/{}.zip", export.uid));
            return Some(EventType::ExportCompleted);
        }
        // It has ended.
        _ => {}
    }
    None
}
