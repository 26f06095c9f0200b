//! Machine learning models.

use axum::extract::State;

use crate::app::App;
use crate::error::ApiResult;
use crate::request::list::ListQuery;
use crate::routes::Routes;
use crate::schema::{Model, Page};

pub(crate) fn routes() -> Routes {
    Routes::new().get("/models/", list)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<Model>> {
    query.list(&app.tables().models).cursor_page(Model::clone)
}
