//! Webhooks, storage configs and inference providers.

use crate::args::option::{Arg, boolean, choice, comma, json, json_or_file, pos, switch, text};
use crate::commands::row::Row;
use crate::data::Data;

const UID: Arg = pos("uid", "UID");
const ORGANIZATION: Arg = text("organization", "Slug of the organization [default: that of the profile]");

/// Fails if a test was not successful, by any of the members that report it.
pub(super) fn is_success(data: &Data) -> Result<(), String> {
    let failed = ["success", "delivered", "verified"].iter().any(|name| data.get(name) == Some(&Data::Bool(false)));
    if !failed {
        return Ok(());
    }
    let reason = ["message", "detail", "errors", "status_code"].iter().find_map(|name| data.get(name));
    let reason = reason.map(Data::display).filter(|reason| !reason.is_empty() && reason != "{}");
    Err(format!("the test failed: {}", reason.as_deref().unwrap_or("the server gives no reason")))
}

macro_rules! storage {
    ($a:ident, $i:ident) => {
        match $i.organization() {
            Some(organization) => $a.storage_configs().organization(organization),
            None => $a.storage_configs(),
        }
    };
}

pub(super) const ROWS: &[Row] = &[
    Row::list("webhooks.list", &["webhooks", "list"], "List webhooks", &[], |a, i| i.list(a.webhooks().list()))
        .columns(&["uid", "target_url", "events", "is_active", "created_at"]),
    Row::read("webhooks.get", &["webhooks", "get"], "Get a webhook", &[UID], |a, i| {
        i.one(a.webhooks().get(i.text("uid")))
    }),
    Row::change(
        "webhooks.create",
        &["webhooks", "create"],
        "Create a webhook; the response has its secret, once",
        &[
            text("target-url", "URL that events are sent to").field("target_url").required(),
            comma("events", "Event types").field("events").required(),
            boolean("is-active", "Whether events are sent").field("is_active"),
            text("secret", "Secret of the signatures; the server generates one if unset").field("secret"),
        ],
        |a, i| i.one(a.webhooks().create(&i.payload()?)),
    )
    .example("webhooks create --target-url https://example.com/avala --events export.completed,export.failed"),
    Row::change(
        "webhooks.update",
        &["webhooks", "update"],
        "Update a webhook",
        &[
            UID,
            text("target-url", "URL that events are sent to").field("target_url"),
            comma("events", "Event types").field("events"),
            boolean("is-active", "Whether events are sent").field("is_active"),
        ],
        |a, i| i.one(a.webhooks().update(i.text("uid"), &i.payload()?)),
    ),
    Row::destroy("webhooks.delete", &["webhooks", "delete"], "Delete a webhook", &[UID], |a, i| {
        i.nothing(a.webhooks().delete(i.text("uid")))
    }),
    Row::change("webhooks.test", &["webhooks", "test"], "Send a test event to a webhook", &[UID], |a, i| {
        i.one(a.webhooks().test(i.text("uid")))
    })
    .check(is_success),
    Row::list("webhook_deliveries.list", &["webhooks", "deliveries"], "List deliveries of webhooks", &[], |a, i| {
        i.list(a.webhook_deliveries().list())
    })
    .columns(DELIVERY_COLUMNS),
    Row::list(
        "webhook_deliveries.list",
        &["webhook-deliveries", "list"],
        "List deliveries of webhooks",
        &[],
        |a, i| i.list(a.webhook_deliveries().list()),
    )
    .columns(DELIVERY_COLUMNS),
    Row::read(
        "webhook_deliveries.get",
        &["webhook-deliveries", "get"],
        "Get a delivery of a webhook",
        &[UID],
        |a, i| i.one(a.webhook_deliveries().get(i.text("uid"))),
    ),
    Row::list("storage_configs.list", &["storage-configs", "list"], "List storage configs", &[ORGANIZATION], |a, i| {
        i.list(storage!(a, i).list())
    })
    .columns(&["uid", "name", "provider", "is_verified", "created_at"]),
    Row::read(
        "storage_configs.get",
        &["storage-configs", "get"],
        "Get a storage config",
        &[UID, ORGANIZATION],
        |a, i| i.one(storage!(a, i).get(i.text("uid"))),
    ),
    Row::destroy(
        "storage_configs.delete",
        &["storage-configs", "delete"],
        "Delete a storage config",
        &[UID, ORGANIZATION],
        |a, i| i.nothing(storage!(a, i).delete(i.text("uid"))),
    ),
    Row::change(
        "storage_configs.test",
        &["storage-configs", "test"],
        "Test a storage config",
        &[UID, ORGANIZATION],
        |a, i| i.one(storage!(a, i).test(i.text("uid"))),
    )
    .check(is_success),
    Row::read(
        "storage_configs.setup_info",
        &["storage-configs", "setup-info"],
        "Get the permissions that a bucket has to grant",
        &[ORGANIZATION],
        |a, i| i.one(storage!(a, i).setup_info()),
    ),
    Row::list("inference_providers.list", &["inference-providers", "list"], "List inference providers", &[], |a, i| {
        i.list(a.inference_providers().list())
    })
    .columns(&["uid", "name", "provider_type", "is_active", "created_at"]),
    Row::read(
        "inference_providers.get",
        &["inference-providers", "get"],
        "Get an inference provider",
        &[UID],
        |a, i| i.one(a.inference_providers().get(i.text("uid"))),
    ),
    Row::change(
        "inference_providers.create",
        &["inference-providers", "create"],
        "Create an inference provider",
        &[
            text("name", "Display name").field("name").required(),
            choice("provider-type", &["http", "sagemaker"], "Type").field("provider_type").required(),
            json("config", "Settings; may hold a key, so prefer --json FILE").field("config").required(),
            text("description", "Description").field("description"),
            text("project", "UID of the project").field("project"),
            boolean("is-active", "Whether the provider is used").field("is_active"),
        ],
        |a, i| i.one(a.inference_providers().create(&i.payload()?)),
    ),
    Row::change(
        "inference_providers.update",
        &["inference-providers", "update"],
        "Update an inference provider",
        &[
            UID,
            text("name", "Display name").field("name"),
            choice("provider-type", &["http", "sagemaker"], "Type").field("provider_type"),
            json("config", "Settings; may hold a key, so prefer --json FILE").field("config"),
            text("description", "Description").field("description"),
            text("project", "UID of the project").field("project"),
            boolean("is-active", "Whether the provider is used").field("is_active"),
        ],
        |a, i| i.one(a.inference_providers().update(i.text("uid"), &i.payload()?)),
    ),
    Row::destroy(
        "inference_providers.delete",
        &["inference-providers", "delete"],
        "Delete an inference provider",
        &[UID],
        |a, i| i.nothing(a.inference_providers().delete(i.text("uid"))),
    ),
    Row::change(
        "inference_providers.test",
        &["inference-providers", "test"],
        "Test an inference provider",
        &[UID],
        |a, i| i.one(a.inference_providers().test(i.text("uid"))),
    )
    .check(is_success),
    Row::change(
        "storage_configs.create",
        &["storage-configs", "create"],
        "Create a storage config",
        &[
            text("name", "Display name").field("name").required(),
            choice("provider", &["aws_s3", "gc_storage"], "Provider").field("provider").required(),
            ORGANIZATION,
            text("s3-bucket-name", "Bucket in S3").field("s3_bucket_name"),
            text("s3-bucket-region", "Region of the bucket").field("s3_bucket_region"),
            text("s3-bucket-prefix", "Prefix in the bucket").field("s3_bucket_prefix"),
            choice("s3-auth-method", &["access_key", "iam_role"], "Authentication method").field("s3_auth_method"),
            text("s3-role-arn", "Role that Avala assumes").field("s3_role_arn"),
            text("s3-access-key-id", "Access key [AVALA_S3_ACCESS_KEY_ID]").field("s3_access_key_id"),
            text("s3-secret-access-key", "Secret of the access key; prefer AVALA_S3_SECRET_ACCESS_KEY")
                .field("s3_secret_access_key"),
            switch("s3-is-accelerated", "", "Use transfer acceleration").field("s3_is_accelerated"),
            text("gc-bucket-name", "Bucket in Google Cloud Storage").field("gc_storage_bucket_name"),
            text("gc-prefix", "Prefix in the bucket").field("gc_storage_prefix"),
            json_or_file("gc-auth-json", "Credentials, as JSON or a file; prefer AVALA_GC_AUTH_JSON")
                .field("gc_storage_auth_json_content"),
        ],
        |a, i| i.one(storage!(a, i).create(&crate::commands::storage::payload(i)?)),
    )
    .example(
        "storage-configs create --name Drives --provider aws_s3 --s3-bucket-name acme-drives --s3-auth-method iam_role",
    ),
];

const DELIVERY_COLUMNS: &[&str] = &["uid", "event_type", "status", "response_status", "attempts", "created_at"];
