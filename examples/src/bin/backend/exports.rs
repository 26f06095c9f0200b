//! Exports in the background: the caller gets a UID immediately, and polls the progress.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_client::types::{CreateExport, Export, ExportUid};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::api_error::ApiError;
use crate::app::App;
use crate::paging;

/// Progress of an export.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum Progress {
    Running { status: Option<String> },
    Done { download_url: Option<String> },
    Failed { error: String },
}

/// The exports of this process. With several processes, keep them in a database.
#[derive(Clone, Default)]
pub(crate) struct Exports(Arc<Mutex<BTreeMap<ExportUid, Progress>>>);

impl Exports {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ExportUid, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, uid: &ExportUid, progress: Progress) {
        self.lock().insert(uid.clone(), progress);
    }
}

/// Creates an export and follows it in a separate task.
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    Json(payload): Json<CreateExport>,
) -> Result<(StatusCode, Json<Export>), ApiError> {
    let export = app.avala.exports().create(&payload).timeout(paging::timeout(&headers)).await?;
    app.exports.set(&export.uid, Progress::Running { status: None });
    app.tasks.spawn(follow(app.clone(), export.uid.clone()));
    Ok((StatusCode::ACCEPTED, Json(export)))
}

async fn follow(app: App, uid: ExportUid) {
    let (exports, of) = (app.exports.clone(), uid.clone());
    let wait = app.avala.exports().wait(&uid).poll_interval(Duration::from_millis(500));
    let result = wait
        .timeout(Duration::from_secs(3600))
        .on_progress(move |export| {
            let status = export.status.as_ref().map(ToString::to_string);
            exports.set(&of, Progress::Running { status });
        })
        .await;
    app.exports.set(
        &uid,
        match result {
            Ok(export) => Progress::Done { download_url: export.download_url },
            Err(error) => Progress::Failed { error: error.to_string() },
        },
    );
}

/// Returns the progress of an export that this process follows.
pub(crate) async fn show(State(app): State<App>, Path(uid): Path<String>) -> Result<Json<Progress>, ApiError> {
    let progress = app.exports.lock().get(&ExportUid::from(uid)).cloned();
    progress.map(Json).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "there is no such export"))
}
