//! Fleets: devices, recordings, events, rules, alerts, and the steps of recording uploads.

use avala_client::types::Json;

use crate::args::option::{Arg, comma, file, integer, json, pos, switch, text};
use crate::commands::files::read_text;
use crate::commands::input::Input;
use crate::commands::row::Row;
use crate::commands::services::is_success;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::json::compact;

const UID: Arg = pos("uid", "UID");
const RECORDING: Arg = pos("recording-uid", "UID of the recording");
const PROTOCOL: Arg = text("protocol", "Protocol of managed uploads").field("protocol").required();
const SESSION: Arg = text("session-uid", "UID of the upload session").field("session_uid").required();

pub(super) const ROWS: &[Row] = &[
    Row::list(
        "fleet.devices.list",
        &["fleet", "devices", "list"],
        "List devices",
        &[text("status", "Filter by status"), text("type", "Filter by type")],
        |a, i| {
            let list = a.fleet().devices().list();
            let list = i.with(list, "status", |list, value| list.status(value));
            i.list(i.with(list, "type", |list, value| list.device_type(value)))
        },
    )
    .columns(&["uid", "name", "type", "status", "firmware_version", "last_seen_at"]),
    Row::read("fleet.devices.get", &["fleet", "devices", "get"], "Get a device", &[UID], |a, i| {
        i.one(a.fleet().devices().get(i.text("uid")))
    }),
    Row::change(
        "fleet.devices.register",
        &["fleet", "devices", "register"],
        "Register a device; the response has its token",
        &[
            text("name", "Display name").field("name").required(),
            text("type", "Type, such as humanoid").field("type").required(),
            comma("tags", "Tags").field("tags"),
            text("firmware-version", "Version of the firmware").field("firmware_version"),
            json("metadata", "Free-form metadata").field("metadata"),
        ],
        |a, i| i.one(a.fleet().devices().register(&i.payload()?)),
    ),
    Row::change(
        "fleet.devices.update",
        &["fleet", "devices", "update"],
        "Update a device",
        &[
            UID,
            text("status", "Status").field("status"),
            text("name", "Display name").field("name"),
            comma("tags", "Tags").field("tags"),
            text("firmware-version", "Version of the firmware").field("firmware_version"),
            json("metadata", "Free-form metadata").field("metadata"),
        ],
        |a, i| i.one(a.fleet().devices().update(i.text("uid"), &i.payload()?)),
    ),
    Row::destroy("fleet.devices.delete", &["fleet", "devices", "delete"], "Delete a device", &[UID], |a, i| {
        i.nothing(a.fleet().devices().delete(i.text("uid")))
    }),
    Row::list(
        "fleet.recordings.list",
        &["fleet", "recordings", "list"],
        "List recordings",
        &[text("device", "Filter by device"), text("status", "Filter by status")],
        |a, i| {
            let list = a.fleet().recordings().list();
            let list = i.with(list, "device", |list, value| list.device(value));
            i.list(i.with(list, "status", |list, value| list.status(value)))
        },
    )
    .columns(&["uid", "device", "status", "duration_seconds", "topic_count", "created_at"]),
    Row::read("fleet.recordings.get", &["fleet", "recordings", "get"], "Get a recording", &[UID], |a, i| {
        i.one(a.fleet().recordings().get(i.text("uid")))
    }),
    Row::change(
        "fleet.recordings.update",
        &["fleet", "recordings", "update"],
        "Update a recording",
        &[UID, text("status", "Status").field("status"), comma("tags", "Tags").field("tags")],
        |a, i| i.one(a.fleet().recordings().update(i.text("uid"), &i.payload()?)),
    ),
    Row::destroy(
        "fleet.recordings.delete",
        &["fleet", "recordings", "delete"],
        "Delete a recording",
        &[UID],
        |a, i| i.nothing(a.fleet().recordings().delete(i.text("uid"))),
    ),
    Row::list(
        "fleet.events.list",
        &["fleet", "events", "list"],
        "List events",
        &[
            text("device", "Filter by device"),
            text("recording", "Filter by recording"),
            text("type", "Filter by type"),
            text("severity", "Filter by severity"),
        ],
        |a, i| {
            let list = a.fleet().events().list();
            let list = i.with(list, "device", |list, value| list.device(value));
            let list = i.with(list, "recording", |list, value| list.recording(value));
            let list = i.with(list, "type", |list, value| list.event_type(value));
            i.list(i.with(list, "severity", |list, value| list.severity(value)))
        },
    )
    .columns(&["uid", "type", "label", "severity", "timestamp", "created_at"]),
    Row::read("fleet.events.get", &["fleet", "events", "get"], "Get an event", &[UID], |a, i| {
        i.one(a.fleet().events().get(i.text("uid")))
    }),
    Row::change(
        "fleet.events.create",
        &["fleet", "events", "create"],
        "Create an event",
        &[
            text("recording", "UID of the recording").field("recording").required(),
            text("device", "UID of the device").field("device").required(),
            text("type", "Type, such as error").field("type").required(),
            text("label", "Label").field("label").required(),
            text("timestamp", "Time of the event, such as 2026-01-31T12:00:00Z").field("timestamp").required(),
            text("severity", "Severity, such as warning or critical").field("severity"),
            text("description", "Description").field("description"),
            integer("duration-ms", "Duration in milliseconds").field("duration_ms"),
            comma("tags", "Tags").field("tags"),
            json("metadata", "Free-form metadata").field("metadata"),
        ],
        |a, i| i.one(a.fleet().events().create(&i.payload()?)),
    ),
    Row::change(
        "fleet.events.create_batch",
        &["fleet", "events", "create-batch"],
        "Create events of a JSON array",
        &[json("events", "Events, an array of objects").field("events").required()],
        |a, i| i.one(a.fleet().events().create_batch(&i.payload()?)),
    )
    .example("fleet events create-batch --field events=@events.json"),
    Row::destroy("fleet.events.delete", &["fleet", "events", "delete"], "Delete an event", &[UID], |a, i| {
        i.nothing(a.fleet().events().delete(i.text("uid")))
    }),
    Row::list(
        "fleet.rules.list",
        &["fleet", "rules", "list"],
        "List rules",
        &[crate::args::option::boolean("enabled", "Filter by whether the rule is enabled")],
        |a, i| {
            let list = a.fleet().rules().list();
            match i.boolean("enabled") {
                Some(enabled) => i.list(list.enabled(enabled)),
                None => i.list(list),
            }
        },
    )
    .columns(&["uid", "name", "enabled", "hit_count", "created_at"]),
    Row::read("fleet.rules.get", &["fleet", "rules", "get"], "Get a rule", &[UID], |a, i| {
        i.one(a.fleet().rules().get(i.text("uid")))
    }),
    Row::change(
        "fleet.rules.create",
        &["fleet", "rules", "create"],
        "Create a rule",
        &[
            text("name", "Display name").field("name").required(),
            file("condition-file", "File with {condition, actions, description?, scope?}, or a bare condition"),
            json("condition", "Condition").field("condition"),
            json("actions", "Actions, an array").field("actions"),
            switch("enabled", "disabled", "Whether it opens alerts [default]").field("enabled").default("true"),
            text("description", "Description").field("description"),
            json("scope", "Scope").field("scope"),
        ],
        |a, i| i.one(a.fleet().rules().create(&rule(i)?)),
    )
    .example("fleet rules create --name Faults --condition-file fault.json"),
    Row::change(
        "fleet.rules.update",
        &["fleet", "rules", "update"],
        "Update a rule",
        &[
            UID,
            text("name", "Display name").field("name"),
            switch("enabled", "disabled", "Whether it opens alerts").field("enabled"),
            text("description", "Description").field("description"),
            json("condition", "Condition").field("condition"),
            json("actions", "Actions, an array").field("actions"),
            json("scope", "Scope").field("scope"),
        ],
        |a, i| i.one(a.fleet().rules().update(i.text("uid"), &i.payload()?)),
    ),
    Row::destroy("fleet.rules.delete", &["fleet", "rules", "delete"], "Delete a rule", &[UID], |a, i| {
        i.nothing(a.fleet().rules().delete(i.text("uid")))
    }),
    Row::list(
        "fleet.alerts.list",
        &["fleet", "alerts", "list"],
        "List alerts",
        &[
            text("status", "Filter by status, such as open"),
            text("severity", "Filter by severity"),
            text("device", "Filter by device"),
            text("rule", "Filter by rule"),
        ],
        |a, i| {
            let list = a.fleet().alerts().list();
            let list = i.with(list, "status", |list, value| list.status(value));
            let list = i.with(list, "severity", |list, value| list.severity(value));
            let list = i.with(list, "device", |list, value| list.device(value));
            i.list(i.with(list, "rule", |list, value| list.rule(value)))
        },
    )
    .columns(&["uid", "severity", "status", "message", "triggered_at"]),
    Row::read("fleet.alerts.get", &["fleet", "alerts", "get"], "Get an alert", &[UID], |a, i| {
        i.one(a.fleet().alerts().get(i.text("uid")))
    }),
    Row::change(
        "fleet.alerts.acknowledge",
        &["fleet", "alerts", "acknowledge"],
        "Acknowledge an alert",
        &[UID],
        |a, i| i.one(a.fleet().alerts().acknowledge(i.text("uid"))),
    ),
    Row::change(
        "fleet.alerts.resolve",
        &["fleet", "alerts", "resolve"],
        "Resolve an alert",
        &[UID, text("note", "Resolution note").field("resolution_note")],
        |a, i| i.one(a.fleet().alerts().resolve(i.text("uid"), &i.payload()?)),
    ),
    Row::list("fleet.alert_channels.list", &["fleet", "alert-channels", "list"], "List alert channels", &[], |a, i| {
        i.list(a.fleet().alert_channels().list())
    })
    .columns(&["uid", "name", "type", "created_at"]),
    Row::change(
        "fleet.alert_channels.create",
        &["fleet", "alert-channels", "create"],
        "Create an alert channel",
        &[
            text("name", "Display name").field("name").required(),
            text("type", "Type, such as email, slack or webhook").field("type").required(),
            json("config", "Settings of the channel").field("config").required(),
        ],
        |a, i| i.one(a.fleet().alert_channels().create(&i.payload()?)),
    ),
    Row::destroy(
        "fleet.alert_channels.delete",
        &["fleet", "alert-channels", "delete"],
        "Delete an alert channel",
        &[UID],
        |a, i| i.nothing(a.fleet().alert_channels().delete(i.text("uid"))),
    ),
    Row::change(
        "fleet.alert_channels.test",
        &["fleet", "alert-channels", "test"],
        "Send a test message to an alert channel",
        &[UID],
        |a, i| i.one(a.fleet().alert_channels().test(i.text("uid"))),
    )
    .check(is_success),
];

pub(super) const UPLOAD_ROWS: &[Row] = &[
    Row::change(
        "fleet.uploads.init_upload",
        &["fleet", "uploads", "init-upload"],
        "Begin the upload of a recording",
        &[
            RECORDING,
            json("files", "Files, an array of {path, size_bytes, ...}").field("files").required(),
            text("storage-config", "UID of the storage config of the bucket to upload to").field("storage_config_uid"),
        ],
        |a, i| i.one(a.fleet().uploads().init_upload(i.text("recording-uid"), &i.payload()?)),
    ),
    Row::change(
        "fleet.uploads.get_upload_urls",
        &["fleet", "uploads", "get-upload-urls"],
        "Get the URLs to upload files to",
        &[
            RECORDING,
            SESSION,
            comma("file-paths", "Paths of the files").field("file_paths").required(),
            integer("ttl-seconds", "Validity of the URLs in seconds").field("ttl_seconds"),
        ],
        |a, i| i.one(a.fleet().uploads().get_upload_urls(i.text("recording-uid"), &i.payload()?)),
    ),
    Row::change(
        "fleet.uploads.confirm_upload",
        &["fleet", "uploads", "confirm-upload"],
        "Confirm files that were uploaded",
        &[RECORDING, SESSION, json("files", "Files, an array").field("files").required()],
        |a, i| i.one(a.fleet().uploads().confirm_upload(i.text("recording-uid"), &i.payload()?)),
    ),
    Row::change(
        "fleet.uploads.finalize_upload",
        &["fleet", "uploads", "finalize-upload"],
        "End the upload of a recording",
        &[RECORDING, SESSION],
        |a, i| i.one(a.fleet().uploads().finalize_upload(i.text("recording-uid"), &i.payload()?)),
    ),
    Row::read(
        "fleet.uploads.get_upload_status",
        &["fleet", "uploads", "get-upload-status"],
        "Get the state of an upload",
        &[RECORDING],
        |a, i| i.one(a.fleet().uploads().get_upload_status(i.text("recording-uid"))),
    ),
    Row::change(
        "fleet.managed_uploads.admit",
        &["fleet", "managed-uploads", "admit"],
        "Begin a managed upload",
        &[
            RECORDING,
            PROTOCOL,
            SESSION,
            json("files", "Files, an array of {path, size_bytes, content_sha256}").field("files").required(),
        ],
        |a, i| i.one(a.fleet().managed_uploads().admit(i.text("recording-uid"), &i.payload()?)),
    ),
    Row::read(
        "fleet.managed_uploads.get_status",
        &["fleet", "managed-uploads", "get-status"],
        "Get the state of a managed upload",
        &[RECORDING, text("session-uid", "UID of the upload session").required()],
        |a, i| i.one(a.fleet().managed_uploads().get_status(i.text("recording-uid"), i.text("session-uid"))),
    ),
    Row::change(
        "fleet.managed_uploads.init_multipart",
        &["fleet", "managed-uploads", "init-multipart"],
        "Begin the upload of a file in parts",
        &[RECORDING, PROTOCOL, SESSION, text("file-uid", "UID of the file").field("file_uid").required()],
        |a, i| i.one(a.fleet().managed_uploads().init_multipart(i.text("recording-uid"), &i.payload()?)),
    ),
    Row::read(
        "fleet.managed_uploads.get_progress",
        &["fleet", "managed-uploads", "get-progress"],
        "Get the uploaded parts of a file",
        &[
            RECORDING,
            text("session-uid", "UID of the upload session").required(),
            text("file-uid", "UID of the file").required(),
            text("generation-uid", "UID of the generation of the file").required(),
            integer("after", "Only parts after this number"),
        ],
        |a, i| {
            let uploads = a.fleet().managed_uploads();
            let (recording, session) = (i.text("recording-uid"), i.text("session-uid"));
            let call = uploads.get_progress(recording, session, i.text("file-uid"), i.text("generation-uid"));
            match i.integer("after").and_then(|after| u64::try_from(after).ok()) {
                Some(after) => i.one(call.after(after)),
                None => i.one(call),
            }
        },
    ),
    Row::change(
        "fleet.managed_uploads.grant_parts",
        &["fleet", "managed-uploads", "grant-parts"],
        "Get the URLs to upload parts to",
        &[
            RECORDING,
            PROTOCOL,
            SESSION,
            text("file-uid", "UID of the file").field("file_uid").required(),
            text("generation-uid", "UID of the generation of the file").field("generation_uid").required(),
            crate::args::option::integers("numbers", "Numbers of the parts").field("numbers").required(),
        ],
        |a, i| i.one(a.fleet().managed_uploads().grant_parts(i.text("recording-uid"), &i.payload()?)),
    ),
    Row::change(
        "fleet.managed_uploads.finalize",
        &["fleet", "managed-uploads", "finalize"],
        "End a managed upload",
        &[
            RECORDING,
            PROTOCOL,
            SESSION,
            json("files", "Files, an array of {file_uid, generation_uid}").field("files").required(),
        ],
        |a, i| i.one(a.fleet().managed_uploads().finalize(i.text("recording-uid"), &i.payload()?)),
    ),
];

/// Returns the payload of a rule, from the options and the condition file.
fn rule(input: &Input<'_>) -> Outcome<avala_client::types::CreateFleetRule> {
    let mut members = match Data::parse(&input.body()?) {
        Ok(Data::Map(members)) => members,
        _ => Vec::new(),
    };
    let mut add = |name: &str, value: Data| {
        if !members.iter().any(|(known, _)| known == name) {
            members.push((name.to_owned(), value));
        }
    };
    if let Some(path) = input.path("condition-file") {
        let wrong = |what: String| Failure::usage(format!("--condition-file {}: {what}", path.display()));
        let content = Data::parse(&read_text(path)?).map_err(|error| wrong(format!("invalid JSON: {error}")))?;
        match content {
            Data::Map(content) if content.iter().any(|(name, _)| name == "condition") => {
                content.into_iter().for_each(|(name, value)| add(&name, value));
            }
            condition @ Data::Map(_) => add("condition", condition),
            _ => return Err(wrong("expected a JSON object".to_owned())),
        }
    }
    add("actions", Data::List(Vec::new()));
    let text = compact(&Data::Map(members));
    let invalid = |error| Failure::usage(format!("the rule is not complete: {error}"));
    let json = serde_json::from_str::<Json>(&text).map_err(invalid)?;
    json.parse().map_err(invalid)
}
