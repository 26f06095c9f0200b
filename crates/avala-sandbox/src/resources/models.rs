//! Models of machine learning.

use avala_types::{Model, RawPageResponse};
use axum::extract::State;

use crate::app::App;
use crate::error::Answer;
use crate::list::ListQuery;
use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    Routes::new().get("/models/", list)
}

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<Model>> {
    query.list(&app.tables().models).cursor_page(Model::clone)
}
