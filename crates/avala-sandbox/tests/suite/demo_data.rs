use std::collections::HashSet;

use avala_sandbox::{Sandbox, Seed, demo};
use avala_types::{CursorPage, DatasetItem, DatasetSequence};

use crate::client::{fetch, get, unsigned, walk};

/// Lists of resources that the demo has and an empty sandbox does not.
const LISTS: [&str; 17] = [
    "/agents/",
    "/auto-label-jobs/",
    "/datasets/",
    "/exports/",
    "/fleet/alert-channels/",
    "/fleet/alerts/",
    "/fleet/devices/",
    "/fleet/events/",
    "/fleet/recordings/",
    "/fleet/rules/",
    "/inference-providers/",
    "/models/",
    "/storage-configs/",
    "/tasks/",
    "/users/me/projects/",
    "/webhook-deliveries/",
    "/webhooks/",
];

#[tokio::test]
async fn two_sandboxes_start_alike() {
    let (one, other) = (Sandbox::start().await.unwrap(), Sandbox::start().await.unwrap());
    let items = format!("/datasets/{}/{}/items/", demo::OWNER, demo::IMAGE_DATASET);
    for path in LISTS.into_iter().chain(["/organizations/", "/slices/acme-robotics/list/", &items]) {
        let path = format!("{path}?limit=1000");
        assert_eq!(unsigned(fetch(&one, &path).await), unsigned(fetch(&other, &path).await), "{path}");
    }
}

#[tokio::test]
async fn the_empty_seed_holds_nothing() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    for path in LISTS.into_iter().chain(["/projects/acme-robotics/"]) {
        let page = fetch(&sandbox, path).await;
        assert!(page["results"].as_array().unwrap().is_empty() && page["next"].is_null(), "{path}");
    }
    assert_eq!(fetch(&sandbox, "/datasets/acme-robotics/list/").await["count"], 0);
}

#[tokio::test]
async fn everything_has_a_uid_of_its_own() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut uids = Vec::new();
    for path in LISTS {
        uids.extend(walk(&sandbox, path, "uid").await);
    }
    for slug in [demo::IMAGE_DATASET, "dock-videos", "pallet-scans"] {
        uids.extend(walk(&sandbox, &format!("/datasets/{}/{slug}/items/", demo::OWNER), "uid").await);
    }
    assert_eq!(uids.iter().collect::<HashSet<_>>().len(), uids.len());
}

#[tokio::test]
async fn items_have_metadata_that_a_double_would_round() {
    let sandbox = Sandbox::start().await.unwrap();
    let items = format!("/datasets/{}/{}/items/", demo::OWNER, demo::IMAGE_DATASET);
    let response = get(&sandbox, &items).await;
    let page: CursorPage<DatasetItem> = serde_json::from_slice(response.body()).unwrap();
    let item = &page.items[9];
    let metadata = item.metadata.as_ref().unwrap().get();
    assert!(metadata.contains("340282366920938463463374607000000009"), "{metadata}");
    assert!(metadata.contains("0.0083333333333333333333333333009"), "{metadata}");
    let annotations = item.annotations.as_ref().unwrap().to_value().unwrap();
    let objects = annotations["objects"].as_array().unwrap();
    assert_eq!(objects.len() as u64, item.annotations_count.unwrap());
    for kind in ["box", "polygon"] {
        assert!(objects.iter().any(|object| object["type"] == kind), "{kind}");
    }
    let one: DatasetItem =
        serde_json::from_slice(get(&sandbox, &format!("{items}{}/", item.uid)).await.body()).unwrap();
    assert_eq!(one, *item);
}

#[tokio::test]
async fn a_sequence_has_frames_and_its_list_has_not() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/datasets/{}/{}/", demo::OWNER, demo::LIDAR_DATASET);
    let page = fetch(&sandbox, &format!("{path}sequences/")).await;
    let sequences = page["results"].as_array().unwrap();
    assert_eq!(sequences.len(), 3);
    assert!(sequences.iter().all(|sequence| sequence.get("frames").is_none()));

    let response = get(&sandbox, &format!("{path}sequences/{}/", sequences[0]["uid"].as_str().unwrap())).await;
    let sequence: DatasetSequence = serde_json::from_slice(response.body()).unwrap();
    assert_eq!((sequence.frame_count(), sequence.typed_frames().count()), (40, 40));
    for frame in sequence.typed_frames() {
        let frame = frame.unwrap();
        assert!(frame.device_position.is_some() && frame.device_heading.is_some());
        assert_eq!(frame.images.len(), 6);
    }
    let cameras = sequence.calibration().unwrap().cameras;
    let models: HashSet<_> = cameras.iter().map(|camera| camera.model.as_deref().unwrap()).collect();
    assert_eq!(models, HashSet::from(["pinhole", "doublesphere"]));
    for camera in &cameras {
        assert!(camera.camera_id.is_some() && camera.position.is_some() && camera.fx.is_some());
        assert_eq!(camera.xi.is_some(), camera.model.as_deref() == Some("doublesphere"));
    }

    let health = fetch(&sandbox, &format!("{path}health/")).await;
    assert_eq!((&health["sequence_count"], &health["total_frames"]), (&3.into(), &57.into()));
    assert_eq!((&health["ingest_ok"], &health["item_count"]), (&true.into(), &57.into()));
}
