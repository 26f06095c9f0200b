//! Routes: which handler serves which path.

use axum::Router;
use axum::routing::{any, get};
use http::{Method, StatusCode};

use crate::app::App;
use crate::error::ApiError;
use crate::handlers::{
    agents, annotation_issues, annotations, auto_label_jobs, consensus, control, datasets, exports, fleet,
    inference_providers, manual_upload, models, organizations, projects, public_datasets, quality_targets, signup,
    slices, storage_configs, storage_host, tasks, users, webhooks,
};
use crate::protocol::API_PREFIX;
use crate::routes::{Route, Routes};

/// Returns every call of the API that the sandbox serves.
///
/// ```
/// let routes = avala_sandbox::routes();
/// assert!(routes.iter().any(|route| route.method == "GET" && route.path == "/tasks/{uid}/"));
/// ```
#[must_use]
pub fn routes() -> Vec<Route> {
    all().into_list()
}

/// Returns the API and the storage host. Where two routes match a path, the one with the fixed segment wins.
pub(crate) fn router(app: App) -> Router {
    let api = all()
        .into_router()
        // Not calls of the contract: a list for staff, and the URLs of grants.
        .route("/projects/", any(async || forbidden()))
        .route(public_datasets::DOWNLOAD_PATH, get(public_datasets::download))
        .fallback(async || ApiError::not_found());
    Router::new()
        .nest(API_PREFIX, api)
        .merge(control::router())
        .fallback(storage_host::serve)
        .method_not_allowed_fallback(async |method: Method| {
            ApiError::detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{method}\" not allowed."))
        })
        .with_state(app)
}

fn forbidden() -> ApiError {
    ApiError::detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.")
}

/// Returns the routes of all resources.
fn all() -> Routes {
    Routes::new()
        .merge(agents::routes())
        .merge(annotation_issues::routes())
        .merge(annotations::routes())
        .merge(auto_label_jobs::routes())
        .merge(consensus::routes())
        .merge(datasets::routes())
        .merge(exports::routes())
        .merge(fleet::routes())
        .merge(inference_providers::routes())
        .merge(manual_upload::routes())
        .merge(models::routes())
        .merge(organizations::routes())
        .merge(projects::routes())
        .merge(public_datasets::routes())
        .merge(quality_targets::routes())
        .merge(signup::routes())
        .merge(slices::routes())
        .merge(storage_configs::routes())
        .merge(tasks::routes())
        .merge(users::routes())
        .merge(webhooks::routes())
}
