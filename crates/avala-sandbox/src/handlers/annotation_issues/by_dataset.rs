//! The issues of a dataset, listed and counted.

use std::collections::BTreeMap;

use avala_types::{AnnotationIssueStatus, DatasetSlug, OwnerName, Timestamp};
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::list::ListQuery;
use crate::response::Json;
use crate::schema::{AnnotationIssue, AnnotationIssueMetrics};
use crate::state::clock;
use crate::state::tables::Tables;

pub(super) async fn list(
    State(app): State<App>,
    Path((owner, slug)): Path<(OwnerName, DatasetSlug)>,
    query: ListQuery,
) -> ApiResult<Vec<AnnotationIssue>> {
    issues(&app.tables(), &owner, &slug, &query).map(Json)
}

pub(super) async fn get_metrics(
    State(app): State<App>,
    Path((owner, slug)): Path<(OwnerName, DatasetSlug)>,
    query: ListQuery,
) -> ApiResult<AnnotationIssueMetrics> {
    let issues = issues(&app.tables(), &owner, &slug, &query)?;
    let mut metrics = AnnotationIssueMetrics::new();
    metrics.status_count = Some(count(issues.iter().filter_map(|issue| issue.status.as_ref())).into());
    metrics.priority_count = Some(count(issues.iter().filter_map(|issue| issue.priority.as_ref())).into());
    metrics.severity_count = Some(count(issues.iter().filter_map(|issue| issue.severity.as_ref())).into());

    let (customers, all) = (issues.iter().filter(|issue| is_of_customer(issue)), issues.iter());
    metrics.mean_seconds_close_time_all = mean_seconds(all.clone().filter_map(close_time));
    metrics.mean_seconds_close_time_customer = mean_seconds(customers.clone().filter_map(close_time));
    let now = clock::now();
    metrics.mean_unresolved_issue_age_all = mean_seconds(all.filter_map(|issue| age(issue, now)));
    metrics.mean_unresolved_issue_age_customer = mean_seconds(customers.filter_map(|issue| age(issue, now)));
    metrics.object_count_by_annotation_issue_problem_uid = Some(objects_by_problem(&issues).into());
    Ok(Json(metrics))
}

fn issues(
    tables: &Tables,
    owner: &OwnerName,
    slug: &DatasetSlug,
    query: &ListQuery,
) -> Result<Vec<AnnotationIssue>, ApiError> {
    let dataset = &tables.dataset(owner, slug)?.dataset.uid;
    let issues = query
        .list(&tables.annotation_issues)
        .filter(|row| row.dataset == *dataset)
        .filter(|row| query.equals("sequence_uid", row.issue.sequence_uid.as_ref()));
    Ok(issues.all(|row| row.issue.clone()))
}

fn count<T: AsRef<str>>(values: impl Iterator<Item = T>) -> Value {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for value in values {
        *counts.entry(value.as_ref().to_owned()).or_default() += 1;
    }
    json!(counts)
}

fn is_of_customer(issue: &AnnotationIssue) -> bool {
    issue.reporter.as_ref().is_some_and(|reporter| reporter.is_staff != Some(true))
}

fn close_time(issue: &AnnotationIssue) -> Option<i64> {
    Some(issue.closed_at?.unix_seconds() - issue.created_at?.unix_seconds())
}

/// Returns how long an open issue has been open.
fn age(issue: &AnnotationIssue, now: Option<Timestamp>) -> Option<i64> {
    let is_open = issue.status == Some(AnnotationIssueStatus::Open);
    is_open.then_some(now?.unix_seconds() - issue.created_at?.unix_seconds())
}

fn mean_seconds(times: impl Iterator<Item = i64>) -> Option<u64> {
    let times: Vec<u64> = times.filter_map(|time| time.try_into().ok()).collect();
    times.iter().sum::<u64>().checked_div(times.len() as u64)
}

fn objects_by_problem(issues: &[AnnotationIssue]) -> Value {
    let problems = issues.iter().filter_map(|issue| issue.problem.as_ref()).map(|problem| &problem.uid);
    let Value::Object(counts) = count(problems) else { return Value::Null };
    counts.into_iter().map(|(uid, objects)| json!({ "problem_uid": uid, "object_count": objects })).collect()
}
