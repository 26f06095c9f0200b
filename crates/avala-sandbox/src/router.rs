//! Which handler answers which path.

use axum::Router;
use http::{Method, StatusCode};

use crate::API_PREFIX;
use crate::app::App;
use crate::error::ApiError;
use crate::resources::{datasets, exports, projects, tasks, users};

/// The routes of all resources. Where two match a path, the one with the fixed segment wins.
pub(crate) fn router(app: App) -> Router {
    let api = Router::new()
        .merge(datasets::routes())
        .merge(exports::routes())
        .merge(projects::routes())
        .merge(tasks::routes())
        .merge(users::routes());
    Router::new()
        .nest(API_PREFIX, api)
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async |method: Method| {
            ApiError::detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{method}\" not allowed."))
        })
        .with_state(app)
}
