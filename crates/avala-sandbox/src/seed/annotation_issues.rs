//! Annotation issues of the LiDAR dataset.

use avala_types::{AnnotationIssueStatus, SequenceUid};

use super::values::minutes;
use crate::demo;
use crate::error::ApiError;
use crate::schema::{AnnotationIssue, AnnotationIssueProblem, AnnotationIssueProject};
use crate::state::annotation_issue::{IssueRow, reporter};
use crate::state::issue_tools::TOOLS;
use crate::state::tables::Tables;

const COUNT: usize = 24;

pub(super) fn add(tables: &mut Tables) -> Result<(), ApiError> {
    let dataset = tables.dataset(&demo::OWNER.into(), &demo::LIDAR_DATASET.into())?;
    let uid = dataset.dataset.uid.clone();
    let sequences: Vec<SequenceUid> = dataset.sequences.rows().map(|row| row.sequence.uid.clone()).collect();
    let project = tables.projects.find(|project| project.name == "Aisle obstacles")?;
    let project = AnnotationIssueProject::new(&project.uid, project.name.as_str());
    let mut reporters = [demo::OWNER, demo::OTHER_OWNER]
        .into_iter()
        .map(|name| tables.accounts.named(&name.into()).map(reporter))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(staff) = reporters.last_mut() {
        staff.is_staff = Some(true);
    }
    let [tool, ..] = &TOOLS;
    for (index, sequence) in (0..COUNT).zip(sequences.iter().cycle()) {
        let mut issue = AnnotationIssue::new("");
        issue.sequence_uid = Some(sequence.clone());
        issue.project = Some(project.clone());
        issue.reporter = reporters.get(index % reporters.len()).cloned();
        issue.priority = pick(&["low", "medium", "high"], index);
        issue.severity = pick(&["minor", "major", "critical", "minor"], index);
        let problem = tool.problems.get(index % tool.problems.len());
        issue.description = problem.map(|(_, title)| format!("{title} in frame {}.", index * 3));
        issue.problem = problem.map(|(uid, title)| AnnotationIssueProblem::new(*uid, *title));
        issue.tool = Some(tool.short());
        issue.wrong_class = Some("pallet".to_owned());
        issue.frames_affected = Some(format!("{}-{}", index * 3, index * 3 + 2));
        issue.object_uid = Some(format!("object-{index:03}").into());
        issue.created_at = minutes(index * 45);
        issue.status = Some(match index % 4 {
            0 => AnnotationIssueStatus::Closed,
            1 => AnnotationIssueStatus::Resolved,
            _ => AnnotationIssueStatus::Open,
        });
        issue.closed_at = if index.is_multiple_of(4) { minutes(index * 45 + 300) } else { None };
        tables.annotation_issues.add(|issue_uid| {
            issue.uid = issue_uid.into();
            IssueRow { issue, dataset: uid.clone() }
        });
    }
    Ok(())
}

fn pick(words: &[&str], index: usize) -> Option<String> {
    words.get(index % words.len()).map(|word| (*word).to_owned())
}
