//! The tools that issues are about, the same in every sandbox.

use crate::error::ApiResult;
use crate::request::list::ListQuery;
use crate::response::Json;
use crate::schema::AnnotationIssueToolDetail;
use crate::state::issue_tools::{TOOLS, Tool};

/// The tools for datasets of the type that the query names.
pub(super) async fn list(query: ListQuery) -> ApiResult<Vec<AnnotationIssueToolDetail>> {
    let tools = TOOLS.iter().filter(|tool| query.equals("dataset_type", Some(&tool.dataset_type)));
    Ok(Json(tools.map(Tool::detail).collect()))
}
