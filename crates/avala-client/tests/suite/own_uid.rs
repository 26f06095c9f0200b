//! Responses whose `uid` is not the one that the call is for.

use avala_client::types::{
    CreateExport, CreateQualityTarget, Json, QualityMetric, ResolveFleetAlert, TransferDataset, UpdateAgent,
    UpdateAnnotationIssue, UpdateFleetDevice, UpdateFleetRecording, UpdateFleetRule, UpdateInferenceProvider,
    UpdateQualityTarget, UpdateWebhook,
};
use avala_client::{Avala, Error, ErrorKind};
use avala_transport::Sent;
use avala_transport::testing::ScriptedService;
use serde_json::json;

use crate::{bare, json};

/// Creates a client whose every response has this UID, and every field that some model requires.
fn responding(uid: &str) -> Avala {
    bare(&ScriptedService::always(json(&json!({
        "uid": uid, "name": "n", "slug": "s", "key": "k", "type": "lidar", "status": "pending", "provider": "aws_s3",
        "target_url": "https://x.test", "subscription": "w", "event_type": "e", "invited_email": "a@x.test",
        "metric": "iou", "threshold": 1, "operator": "gte", "events": [], "frames": [{}], "payload": {},
    }))))
}

/// Returns every call that reads or changes a resource by its own UID, for the UID `ab-c1`.
async fn by_uid(avala: &Avala) -> Vec<(&'static str, Result<(), Error>)> {
    macro_rules! results {
        ($($call:expr,)+) => { vec![$((stringify!($call), $call.await.map(drop)),)+] };
    }
    let uid = "ab-c1";
    let fleet = avala.fleet();
    results![
        avala.agents().get(uid),
        avala.agents().update(uid, &UpdateAgent::default()),
        avala.agents().replace(uid, &UpdateAgent::default()),
        avala.annotation_issues().update("s1", uid, &UpdateAnnotationIssue::default()),
        avala.auto_label_jobs().get(uid),
        avala.datasets().get(uid),
        avala.datasets().get_item("o", "s", uid),
        avala.datasets().get_sequence("o", "s", uid),
        avala.datasets().get_sequence("o", "s", uid).typed_frames(),
        avala.datasets().get_sequence("o", "s", uid).frames_as::<Json>(),
        avala.datasets().get_frame("o", "s", uid, 0),
        avala.exports().get(uid),
        fleet.alerts().get(uid),
        fleet.alerts().acknowledge(uid),
        fleet.alerts().resolve(uid, &ResolveFleetAlert::default()),
        fleet.devices().get(uid),
        fleet.devices().update(uid, &UpdateFleetDevice::default()),
        fleet.events().get(uid),
        fleet.recordings().get(uid),
        fleet.recordings().update(uid, &UpdateFleetRecording::default()),
        fleet.rules().get(uid),
        fleet.rules().update(uid, &UpdateFleetRule::default()),
        avala.inference_providers().get(uid),
        avala.inference_providers().update(uid, &UpdateInferenceProvider::default()),
        avala.organizations().accept_invitation(uid),
        avala.projects().get(uid),
        avala.quality_targets().get("p1", uid),
        avala.quality_targets().update("p1", uid, &UpdateQualityTarget::default()),
        avala.slices().get_item("o", "s", uid),
        avala.storage_configs().get(uid),
        avala.tasks().get(uid),
        avala.tasks().get(uid).with_meta(),
        avala.tasks().get(uid).decode_as::<Json>(),
        avala.webhook_deliveries().get(uid),
        avala.webhooks().get(uid),
        avala.webhooks().update(uid, &UpdateWebhook::default()),
    ]
}

#[tokio::test]
async fn response_for_another_resource_is_an_error() {
    for (call, result) in by_uid(&responding("ab-c2")).await {
        let error = result.expect_err(call);
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Decode, Sent::Yes), "{call}: {error}");
        assert!(error.to_string().contains("`ab-c1`") && error.to_string().contains("`ab-c2`"), "{error}");
    }
}

#[tokio::test]
async fn case_and_hyphens_of_a_uid_do_not_count() {
    for uid in ["ab-c1", "ABC1", "a-bc-1"] {
        for (call, result) in by_uid(&responding(uid)).await {
            assert!(result.is_ok(), "{call}: {result:?}");
        }
    }
}

#[tokio::test]
async fn calls_for_other_resources_take_any_uid() {
    let avala = responding("other");
    let target = CreateQualityTarget::new("n", QualityMetric::Iou, 1.0);
    avala.exports().create(&CreateExport::project("p1")).await.unwrap();
    avala.quality_targets().create("p1", &target).await.unwrap();
    avala.datasets().get_by_slug("o", "s").await.unwrap();
    avala.datasets().transfer("o", "s", &TransferDataset::to_user("u")).await.unwrap();
    avala.slices().get("o", "s").await.unwrap();
    avala.organizations().get("acme").await.unwrap();
    avala.users().me().await.unwrap();
    avala.storage_configs().test("c1").await.unwrap();
    avala.webhooks().test("w1").await.unwrap();
    avala.tasks().list().await.unwrap_err();
    // A type of the user may omit the UID, and a deployment may respond with another value.
    let pong = bare(&ScriptedService::always(json(&json!("pong"))));
    assert_eq!(pong.tasks().get("t1").decode_as::<String>().await.unwrap(), "pong");
}
