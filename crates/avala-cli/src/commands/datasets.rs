//! Datasets.

use avala_client::types::TransferDataset;

use crate::args::option::{Arg, choice, comma, integer, json, number, pos, switch, text};
use crate::commands::row::Row;
use crate::data::Data;
use crate::failure::Failure;

const OWNER: Arg = pos("owner", "Owner: a user or an organization");
const SLUG: Arg = pos("slug", "Slug of the dataset");
const SEQUENCE: Arg = pos("sequence-uid", "UID of the sequence");
const ORDERING: Arg = text("ordering", "Field by which the server sorts; -FIELD is descending");
pub(super) const DATA_TYPES: &[&str] = &["image", "video", "lidar", "mcap", "splat"];

pub(super) const ROWS: &[Row] = &[
    Row::list(
        "datasets.list",
        &["datasets", "list"],
        "List datasets",
        &[
            text("data-type", "Filter by type"),
            text("name", "Filter by a part of the name"),
            text("status", "Filter by status"),
            text("visibility", "Filter by visibility"),
        ],
        |a, i| {
            let list = a.datasets().list();
            let list = i.with(list, "data-type", |list, value| list.data_type(value));
            let list = i.with(list, "name", |list, value| list.name(value));
            let list = i.with(list, "status", |list, value| list.status(value));
            i.list(i.with(list, "visibility", |list, value| list.visibility(value)))
        },
    )
    .columns(&["uid", "name", "slug", "item_count", "data_type"])
    .example("datasets list --data-type lidar --all -o ndjson"),
    Row::list(
        "datasets.list_by_owner",
        &["datasets", "list-by-owner"],
        "List the datasets of an owner",
        &[OWNER, integer("page", "Number of the page to start at"), ORDERING],
        |a, i| {
            let list = a.datasets().list_by_owner(i.text("owner"));
            let list = i.with(list, "ordering", |list, value| list.ordering(value));
            match i.page() {
                Some(page) => i.list(list.page(page)),
                None => i.list(list),
            }
        },
    )
    .columns(&["uid", "name", "slug", "item_count", "data_type"]),
    Row::read("datasets.get", &["datasets", "get"], "Get a dataset", &[pos("uid", "UID of the dataset")], |a, i| {
        i.one(a.datasets().get(i.text("uid")))
    }),
    Row::read(
        "datasets.get_by_slug",
        &["datasets", "get-by-slug"],
        "Get a dataset by its slug",
        &[OWNER, SLUG],
        |a, i| i.one(a.datasets().get_by_slug(i.text("owner"), i.text("slug"))),
    ),
    Row::change(
        "datasets.create",
        &["datasets", "create"],
        "Create a dataset",
        &[
            text("name", "Display name").field("name").required(),
            text("slug", "URL slug").field("slug").required(),
            choice("data-type", DATA_TYPES, "Type").field("data_type").required(),
            choice("visibility", &["private", "public", "unlisted"], "Visibility")
                .field("visibility")
                .default("private"),
            switch("create-metadata", "no-create-metadata", "Let the server read the metadata of the files")
                .field("create_metadata")
                .default("true"),
            json("provider-config", "Location of the files").field("provider_config"),
            text("owner", "Owner").field("owner_name"),
            text("organization-uid", "UID of the owning organization").field("organization_uid"),
            integer("organization-id", "Owning organization, by its number").field("organization_id"),
            integer("industry", "Number of the industry").field("industry"),
            integer("license", "Number of the license").field("license"),
            text("gpu-texture-format", "GPU texture format of the images").field("gpu_texture_format"),
            json("metadata", "Free-form metadata").field("metadata"),
            switch("is-sequence", "no-is-sequence", "Whether items are sequences of frames").field("is_sequence"),
        ],
        |a, i| i.one(a.datasets().create(&i.payload()?)),
    )
    .example("datasets create --name 'Night drives' --slug night-drives --data-type lidar"),
    Row::destroy(
        "datasets.transfer",
        &["datasets", "transfer"],
        "Transfer a dataset to another owner",
        &[
            OWNER,
            SLUG,
            text("organization-uid", "New owner: an organization"),
            text("owner-username", "New owner: a user"),
        ],
        |a, i| {
            let to = match (i.opt("organization-uid"), i.opt("owner-username")) {
                (Some(organization), None) => TransferDataset::to_organization(organization),
                (None, Some(user)) => TransferDataset::to_user(user),
                _ => return Err(Failure::usage("pass exactly one of --organization-uid and --owner-username")),
            };
            i.one(a.datasets().transfer(i.text("owner"), i.text("slug"), &to))
        },
    )
    .example("datasets transfer acme night-drives --owner-username ada"),
    Row::list(
        "datasets.list_items",
        &["datasets", "list-items"],
        "List the items of a dataset",
        &[OWNER, SLUG, ORDERING],
        |a, i| {
            let list = a.datasets().list_items(i.text("owner"), i.text("slug"));
            i.list(i.with(list, "ordering", |list, value| list.ordering(value)))
        },
    )
    .columns(&["uid", "key", "created_at"]),
    Row::read(
        "datasets.get_item",
        &["datasets", "get-item"],
        "Get an item of a dataset",
        &[OWNER, SLUG, pos("item-uid", "UID of the item")],
        |a, i| i.one(a.datasets().get_item(i.text("owner"), i.text("slug"), i.text("item-uid"))),
    ),
    Row::list(
        "datasets.list_sequences",
        &["datasets", "list-sequences"],
        "List the sequences of a dataset",
        &[OWNER, SLUG, ORDERING],
        |a, i| {
            let list = a.datasets().list_sequences(i.text("owner"), i.text("slug"));
            i.list(i.with(list, "ordering", |list, value| list.ordering(value)))
        },
    )
    .columns(&["uid", "key", "number_of_frames", "status"]),
    Row::read(
        "datasets.get_sequence",
        &["datasets", "get-sequence"],
        "Get a sequence with its frames",
        &[OWNER, SLUG, SEQUENCE],
        |a, i| i.one(a.datasets().get_sequence(i.text("owner"), i.text("slug"), i.text("sequence-uid"))),
    ),
    Row::read(
        "datasets.get_frame",
        &["datasets", "get-frame"],
        "Get a frame of a sequence",
        &[OWNER, SLUG, SEQUENCE, pos("frame-idx", "Index of the frame, from 0")],
        |a, i| {
            let index = i.text("frame-idx");
            let index =
                index.parse().map_err(|_| Failure::usage(format!("FRAME_IDX is {index:?}; pass an index from 0")))?;
            i.typed(a.datasets().get_frame(i.text("owner"), i.text("slug"), i.text("sequence-uid"), index))
        },
    ),
    Row::read(
        "datasets.get_calibration",
        &["datasets", "get-calibration"],
        "Get the cameras of a sequence, of its first frame",
        &[OWNER, SLUG, SEQUENCE],
        |a, i| i.typed(a.datasets().get_calibration(i.text("owner"), i.text("slug"), i.text("sequence-uid"))),
    ),
    Row::read(
        "datasets.get_health",
        &["datasets", "health"],
        "Check the files of a dataset; fails if there are issues",
        &[OWNER, SLUG],
        |a, i| i.one(a.datasets().get_health(i.text("owner"), i.text("slug"))),
    )
    .check(is_healthy),
    Row::read(
        "datasets.get_sequence_outcome",
        &["datasets", "get-sequence-outcome"],
        "Get the outcome of a sequence",
        &[OWNER, SLUG, SEQUENCE],
        |a, i| i.one(a.datasets().get_sequence_outcome(i.text("owner"), i.text("slug"), i.text("sequence-uid"))),
    ),
    Row::change(
        "datasets.set_sequence_outcome",
        &["datasets", "set-sequence-outcome"],
        "Replace the outcome of a sequence",
        &[
            OWNER,
            SLUG,
            SEQUENCE,
            text("outcome", "Outcome, such as success or failure").field("outcome").required(),
            number("progress", "Progress, 0 to 1").field("progress"),
            integer("quality", "Quality").field("quality"),
            integer("speed", "Speed").field("speed"),
            json("subtasks", "Subtasks, an array").field("subtasks"),
            json("hand-actions", "Actions of the hands").field("hand_actions"),
            text("mistake-type", "Type of mistake").field("mistake_type"),
            text("recovery-type", "Type of recovery").field("recovery_type"),
            text("failure-stage", "Stage of the failure").field("failure_stage"),
            text("autonomy-level", "Level of autonomy").field("autonomy_level"),
            text("model-version", "Version of the model").field("model_version"),
            text("evaluation-membership", "Split of the sequence").field("evaluation_membership"),
            json("leakage-groups", "Groups that must stay in one split").field("leakage_groups"),
            text("source", "Source of the outcome").field("source"),
            number("confidence", "Confidence, 0 to 1").field("confidence"),
            json("source-metadata", "Free-form metadata of the source").field("source_metadata"),
        ],
        |a, i| {
            let datasets = a.datasets();
            i.one(datasets.set_sequence_outcome(i.text("owner"), i.text("slug"), i.text("sequence-uid"), &i.payload()?))
        },
    ),
    Row::read(
        "datasets.list_sequence_outcome_history",
        &["datasets", "list-sequence-outcome-history"],
        "List the current and former outcomes of a sequence",
        &[OWNER, SLUG, SEQUENCE],
        |a, i| {
            i.one(a.datasets().list_sequence_outcome_history(i.text("owner"), i.text("slug"), i.text("sequence-uid")))
        },
    )
    .columns(&["uid", "outcome", "source", "confidence", "created_at"]),
    Row::list(
        "datasets.list_sequence_outcomes",
        &["datasets", "list-sequence-outcomes"],
        "List the outcomes of the sequences of a dataset",
        &[
            OWNER,
            SLUG,
            comma("outcome", "Filter by outcomes"),
            comma("evaluation-membership", "Filter by splits"),
            comma("source", "Filter by sources"),
            comma("autonomy-level", "Filter by levels of autonomy"),
            text("model-version", "Filter by version of the model"),
        ],
        |a, i| {
            let mut list = a.datasets().list_sequence_outcomes(i.text("owner"), i.text("slug"));
            if let Some(outcomes) = i.texts("outcome") {
                list = list.outcome(outcomes);
            }
            if let Some(splits) = i.texts("evaluation-membership") {
                list = list.evaluation_membership(splits);
            }
            if let Some(sources) = i.texts("source") {
                list = list.source(sources);
            }
            if let Some(levels) = i.texts("autonomy-level") {
                list = list.autonomy_level(levels);
            }
            i.list(i.with(list, "model-version", |list, value| list.model_version(value)))
        },
    )
    .columns(&["uid", "sequence_uid", "outcome", "source", "confidence"]),
    Row::read(
        "datasets.manual_upload_quota",
        &["datasets", "upload-quota"],
        "Get the quota of uploads",
        &[text("organization-uid", "UID of the organization")],
        |a, i| {
            let call = a.datasets().manual_upload_quota();
            i.one(i.with(call, "organization-uid", |call, value| call.organization(value)))
        },
    ),
    Row::read(
        "datasets.manual_upload_allowed_mimes",
        &["datasets", "upload-allowed-mimes"],
        "Get the file types that can be uploaded",
        &[],
        |a, i| i.one(a.datasets().manual_upload_allowed_mimes()),
    ),
];

/// Fails if the server reports issues or unreadable files.
fn is_healthy(data: &Data) -> Result<(), String> {
    let issues = match data.get("issues") {
        Some(Data::List(issues)) => issues.iter().map(Data::display).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    if !issues.is_empty() {
        return Err(format!("{} issues: {}", issues.len(), issues.join("; ")));
    }
    if data.get("ingest_ok") == Some(&Data::Bool(false)) {
        return Err("not every file could be read".to_owned());
    }
    Ok(())
}
