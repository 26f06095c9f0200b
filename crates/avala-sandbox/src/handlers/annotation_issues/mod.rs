//! Annotation issues.

mod by_dataset;

use avala_types::{
    AnnotationIssueStatus, CreateAnnotationIssue, IssueProblemUid, IssueToolUid, IssueUid, SequenceUid,
    UpdateAnnotationIssue,
};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{
    AnnotationIssue, AnnotationIssueProblem, AnnotationIssueProject, AnnotationIssueTool, AnnotationIssueToolDetail,
    choices,
};
use crate::state::annotation_issue::{IssueRow, reporter};
use crate::state::clock;
use crate::state::issue_tools::{TOOLS, Tool};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/sequences/{sequence_uid}/annotation-issues/", list_by_sequence)
        .post("/sequences/{sequence_uid}/annotation-issues/", create)
        .patch("/sequences/{sequence_uid}/annotation-issues/{issue_uid}/", update)
        .delete("/sequences/{sequence_uid}/annotation-issues/{issue_uid}/", delete)
        .get("/datasets/{owner}/{dataset_slug}/annotation-issues/", by_dataset::list)
        .get("/datasets/{owner}/{dataset_slug}/annotation-issues/metrics/", by_dataset::get_metrics)
        .get("/qc-available-tools/", list_tools)
}

/// The path of an issue: the sequence, and the issue in it.
type IssuePath = Path<(SequenceUid, IssueUid)>;

/// Lists the tools for datasets of the type in the query, the same in every sandbox.
async fn list_tools(query: ListQuery) -> ApiResult<Vec<AnnotationIssueToolDetail>> {
    let tools = TOOLS.iter().filter(|tool| query.equals("dataset_type", Some(&tool.dataset_type)));
    Ok(Json(tools.map(Tool::detail).collect()))
}

async fn list_by_sequence(
    State(app): State<App>,
    Path(sequence): Path<SequenceUid>,
    query: ListQuery,
) -> ApiResult<Vec<AnnotationIssue>> {
    let tables = app.tables();
    tables.dataset_of(&sequence)?;
    let issues = query
        .list(&tables.annotation_issues)
        .filter(|row| row.issue.sequence_uid.as_ref() == Some(&sequence))
        .filter(|row| query.equals("dataset_item_uid", row.issue.dataset_item_uid.as_ref()))
        .filter(|row| query.equals("project_uid", row.issue.project.as_ref().map(|project| &project.uid)));
    Ok(Json(issues.all(|row| row.issue.clone())))
}

async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(sequence): Path<SequenceUid>,
    body: JsonBody,
) -> Created<AnnotationIssue> {
    let mut tables = app.tables();
    let dataset = tables.dataset_of(&sequence)?;
    let payload: CreateAnnotationIssue = body.read(|fields| {
        for name in ["tool_uid", "problem_uid", "sequence_uid"] {
            fields.required(name, Kind::Text);
        }
        for name in ["dataset_item_uid", "project_uid", "priority", "severity", "object_uid"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["description", "wrong_class", "correct_class", "frames_affected"] {
            fields.optional(name, Kind::Words);
        }
        for name in ["should_re_annotate", "should_delete"] {
            fields.optional(name, Kind::Boolean);
        }
        fields.optional("query_params", Kind::Object);
    })?;
    if payload.sequence_uid != sequence {
        return Err(ApiError::field("sequence_uid", "This is not the sequence of the path."));
    }
    let (tool, problem) = (tool(&payload.tool_uid)?, problem(&payload.tool_uid, &payload.problem_uid)?);
    tables.datasets.get(&dataset)?.items.require("dataset_item_uid", &payload.dataset_item_uid)?;
    tables.projects.require("project_uid", &payload.project_uid)?;
    let project = payload.project_uid.and_then(|uid| tables.projects.get(uid).ok());

    let mut issue = AnnotationIssue::new("");
    issue.project = project.map(|project| AnnotationIssueProject::new(&project.uid, project.name.as_str()));
    issue.reporter = Some(reporter(tables.accounts.named(&caller)?));
    issue.dataset_item_uid = payload.dataset_item_uid;
    issue.sequence_uid = Some(sequence);
    issue.priority = payload.priority;
    issue.severity = payload.severity;
    issue.description = payload.description;
    issue.status = Some(AnnotationIssueStatus::Open);
    issue.tool = Some(tool);
    issue.problem = Some(problem);
    issue.wrong_class = payload.wrong_class;
    issue.correct_class = payload.correct_class;
    issue.should_re_annotate = payload.should_re_annotate;
    issue.should_delete = payload.should_delete;
    issue.frames_affected = payload.frames_affected;
    issue.coordinates = payload.coordinates;
    issue.query_params = payload.query_params;
    issue.object_uid = payload.object_uid;
    issue.created_at = clock::now();
    let row = tables.annotation_issues.add(|uid| {
        issue.uid = uid.into();
        IssueRow { issue, dataset }
    });
    created(row.issue.clone())
}

async fn update(
    State(app): State<App>,
    Path((sequence, uid)): IssuePath,
    body: JsonBody,
) -> ApiResult<AnnotationIssue> {
    let mut tables = app.tables();
    let issue = tables.annotation_issue(&sequence, &uid)?;
    let payload: UpdateAnnotationIssue = body.read(|fields| {
        fields.changeable("status", Kind::Choice(choices::ANNOTATION_ISSUE_STATUS));
        fields.changeable("tool_uid", Kind::Text);
        fields.changeable("problem_uid", Kind::Text);
        for name in ["priority", "severity", "description", "wrong_class", "frames_affected"] {
            fields.optional(name, Kind::Words);
        }
    })?;
    let new_tool = payload.tool_uid.map(|uid| tool(&uid)).transpose()?.or_else(|| issue.tool.clone());
    let new_problem = match (&new_tool, payload.problem_uid) {
        (Some(tool), Some(uid)) => Some(problem(&tool.uid, &uid)?),
        _ => issue.problem.clone(),
    };
    (issue.tool, issue.problem) = (new_tool, new_problem);
    set(&mut issue.status, payload.status);
    payload.priority.apply(&mut issue.priority);
    payload.severity.apply(&mut issue.severity);
    payload.description.apply(&mut issue.description);
    payload.wrong_class.apply(&mut issue.wrong_class);
    payload.frames_affected.apply(&mut issue.frames_affected);
    issue.closed_at = match issue.status {
        Some(AnnotationIssueStatus::Closed) => issue.closed_at.or(clock::now()),
        _ => None,
    };
    Ok(Json(issue.clone()))
}

async fn delete(State(app): State<App>, Path((sequence, uid)): IssuePath) -> Done {
    let mut tables = app.tables();
    tables.annotation_issue(&sequence, &uid)?;
    tables.annotation_issues.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}

fn tool(uid: &IssueToolUid) -> Result<AnnotationIssueTool, ApiError> {
    let tool = TOOLS.iter().find(|tool| uid.as_str() == tool.uid);
    tool.map(Tool::short).ok_or_else(|| ApiError::no_such("tool_uid", uid))
}

/// Returns a problem that a tool has.
fn problem(tool: &IssueToolUid, uid: &IssueProblemUid) -> Result<AnnotationIssueProblem, ApiError> {
    let tool = TOOLS.iter().find(|known| tool.as_str() == known.uid);
    let problem = tool.and_then(|tool| tool.problems.iter().find(|(known, _)| uid.as_str() == *known));
    problem
        .map(|(uid, title)| AnnotationIssueProblem::new(*uid, *title))
        .ok_or_else(|| ApiError::no_such("problem_uid", uid))
}
