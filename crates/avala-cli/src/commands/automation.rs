//! Auto-label jobs, consensus and quality targets.

use crate::args::option::{boolean, choice, comma, integer, number, pos, switch, text};
use crate::commands::row::Row;
use crate::data::Data;

const PROJECT: crate::args::option::Arg = text("project", "UID of the project").required();

pub(super) const ROWS: &[Row] = &[
    Row::list(
        "auto_label_jobs.list",
        &["auto-label", "list"],
        "List auto-label jobs",
        &[text("project", "Filter by project"), text("status", "Filter by status")],
        |a, i| {
            let list = a.auto_label_jobs().list();
            let list = i.with(list, "project", |list, value| list.project(value));
            i.list(i.with(list, "status", |list, value| list.status(value)))
        },
    )
    .columns(&["uid", "status", "model_type", "progress_pct", "created_at"]),
    Row::read(
        "auto_label_jobs.get",
        &["auto-label", "get"],
        "Get an auto-label job",
        &[pos("uid", "UID of the auto-label job")],
        |a, i| i.one(a.auto_label_jobs().get(i.text("uid"))),
    ),
    Row::change(
        "auto_label_jobs.create",
        &["auto-label", "create"],
        "Start an auto-label job; with --dry-run the server only estimates it",
        &[
            PROJECT,
            choice("model-type", &["sam3", "yolo"], "Model").field("model_type"),
            number("confidence-threshold", "Minimum confidence of an annotation, 0 to 1").field("confidence_threshold"),
            comma("labels", "Only these labels").field("labels"),
            switch("dry-run", "", "Let the server estimate the job without running it").field("dry_run"),
        ],
        |a, i| i.one(a.auto_label_jobs().create(i.text("project"), &i.payload()?)),
    )
    .example("auto-label create --project UID --model-type sam3 --labels car,person"),
    Row::destroy(
        "auto_label_jobs.cancel",
        &["auto-label", "cancel"],
        "Cancel an auto-label job",
        &[pos("uid", "UID of the auto-label job")],
        |a, i| i.nothing(a.auto_label_jobs().cancel(i.text("uid"))),
    ),
    Row::read(
        "consensus.get_summary",
        &["consensus", "summary"],
        "Summarize the consensus of a project",
        &[PROJECT],
        |a, i| i.one(a.consensus().get_summary(i.text("project"))),
    ),
    Row::list("consensus.list_scores", &["consensus", "scores"], "List consensus scores", &[PROJECT], |a, i| {
        i.list(a.consensus().list_scores(i.text("project")))
    })
    .columns(&["uid", "dataset_item_uid", "task_name", "score", "annotator_count", "created_at"]),
    Row::change(
        "consensus.compute",
        &["consensus", "compute"],
        "Compute the consensus of a project",
        &[PROJECT],
        |a, i| i.one(a.consensus().compute(i.text("project"))),
    ),
    Row::read(
        "consensus.get_config",
        &["consensus", "get-config"],
        "Get the settings of consensus",
        &[PROJECT],
        |a, i| i.one(a.consensus().get_config(i.text("project"))),
    ),
    Row::change(
        "consensus.update_config",
        &["consensus", "config"],
        "Get the settings of consensus, or update them if an option is given",
        &[
            PROJECT,
            number("iou-threshold", "Minimum overlap of annotations that agree, 0 to 1").field("iou_threshold"),
            number("min-agreement-ratio", "Minimum share of annotations that agree, 0 to 1")
                .field("min_agreement_ratio"),
            integer("min-annotations", "Minimum number of annotations").field("min_annotations"),
        ],
        |a, i| {
            if i.has_fields() {
                i.one(a.consensus().update_config(i.text("project"), &i.payload()?))
            } else {
                i.one(a.consensus().get_config(i.text("project")))
            }
        },
    )
    .example("consensus config --project UID --iou-threshold 0.6"),
    Row::list("quality_targets.list", &["quality-targets", "list"], "List quality targets", &[PROJECT], |a, i| {
        i.list(a.quality_targets().list(i.text("project")))
    })
    .columns(&["uid", "name", "metric", "operator", "threshold", "is_breached", "created_at"]),
    Row::read(
        "quality_targets.get",
        &["quality-targets", "get"],
        "Get a quality target",
        &[pos("uid", "UID of the quality target"), PROJECT],
        |a, i| i.one(a.quality_targets().get(i.text("project"), i.text("uid"))),
    ),
    Row::change(
        "quality_targets.create",
        &["quality-targets", "create"],
        "Create a quality target",
        &[
            PROJECT,
            text("name", "Display name").field("name").required(),
            text("metric", "Metric, such as acceptance_rate").field("metric").required(),
            number("threshold", "Threshold, in the unit of the metric").field("threshold").required(),
            text("operator", "Comparison: gt, gte, lt or lte").field("operator"),
            choice("severity", &["warning", "critical"], "Severity of a breach").field("severity"),
            boolean("is-active", "Whether the target is evaluated").field("is_active"),
            boolean("notify-webhook", "Whether a breach is sent to webhooks").field("notify_webhook"),
            comma("notify-emails", "Email addresses to notify of a breach").field("notify_emails"),
        ],
        |a, i| i.one(a.quality_targets().create(i.text("project"), &i.payload()?)),
    )
    .example("quality-targets create --project UID --name Accuracy --metric acceptance_rate --threshold 0.9"),
    Row::change(
        "quality_targets.update",
        &["quality-targets", "update"],
        "Update a quality target",
        &[
            pos("uid", "UID of the quality target"),
            PROJECT,
            text("name", "Display name").field("name"),
            text("metric", "Metric").field("metric"),
            number("threshold", "Threshold, in the unit of the metric").field("threshold"),
            text("operator", "Comparison: gt, gte, lt or lte").field("operator"),
            choice("severity", &["warning", "critical"], "Severity of a breach").field("severity"),
            boolean("is-active", "Whether the target is evaluated").field("is_active"),
            boolean("notify-webhook", "Whether a breach is sent to webhooks").field("notify_webhook"),
            comma("notify-emails", "Email addresses to notify of a breach").field("notify_emails"),
        ],
        |a, i| i.one(a.quality_targets().update(i.text("project"), i.text("uid"), &i.payload()?)),
    ),
    Row::destroy(
        "quality_targets.delete",
        &["quality-targets", "delete"],
        "Delete a quality target",
        &[pos("uid", "UID of the quality target"), PROJECT],
        |a, i| i.nothing(a.quality_targets().delete(i.text("project"), i.text("uid"))),
    ),
    Row::change(
        "quality_targets.evaluate",
        &["quality-targets", "evaluate"],
        "Evaluate the quality targets of a project; fails if one is breached",
        &[PROJECT],
        |a, i| i.one(a.quality_targets().evaluate(i.text("project"))),
    )
    .columns(&["uid", "name", "metric", "operator", "threshold", "current_value", "is_breached", "severity"])
    .check(no_breach),
];

/// Fails if a quality target is breached.
fn no_breach(data: &Data) -> Result<(), String> {
    let Data::List(targets) = data else { return Ok(()) };
    let is_breached = |target: &&Data| target.get("is_breached") == Some(&Data::Bool(true));
    match targets.iter().filter(is_breached).count() {
        0 => Ok(()),
        breached => Err(format!("{breached} of {} quality targets are breached", targets.len())),
    }
}
