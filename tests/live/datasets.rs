//! Datasets: creation, wait, look-up and transfer.

use std::time::Duration;

use avala_client::types::{CreateDataset, DataType, DatasetStatus, OrganizationUid, TransferDataset};
use avala_client::{ErrorKind, Sent};
use avala_sandbox::{Sandbox, demo};

use crate::client;

#[tokio::test]
async fn dataset_is_created_awaited_found_and_transferred() {
    let sandbox = Sandbox::start().await.unwrap();
    let datasets = client(&sandbox).datasets();
    let payload = CreateDataset::new("Rainy nights", "rainy-nights", DataType::Lidar).is_sequence(true);
    let made = datasets.create(&payload).await.unwrap();
    assert_eq!((made.status, made.data_type), (Some(DatasetStatus::Creating), Some(DataType::Lidar)));
    let ready = datasets.wait(&made.uid).interval(Duration::ZERO).await.unwrap();
    assert_eq!(ready.status, Some(DatasetStatus::Created));
    assert_eq!(datasets.get_by_slug(demo::OWNER, "rainy-nights").await.unwrap(), ready);

    let named = datasets.list().name("Rainy").data_type(DataType::Lidar).await.unwrap();
    assert_eq!(named.items, [ready]);

    let again = datasets.create(&payload).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Validation);
    assert_eq!(again.field_errors()[0].field, "slug");

    let to = TransferDataset::to_organization(OrganizationUid::from(demo::ORGANIZATION_UID));
    let moved = datasets.transfer(demo::OWNER, "rainy-nights", &to).await.unwrap();
    let owner = moved.owner_name.unwrap();
    assert_eq!(owner.as_str(), demo::ORGANIZATION);
    assert_eq!(datasets.get_by_slug(&owner, "rainy-nights").await.unwrap().uid, made.uid);
    let gone = datasets.get_by_slug(demo::OWNER, "rainy-nights").await.unwrap_err();
    assert_eq!((gone.kind(), gone.sent()), (ErrorKind::NotFound, Sent::Yes));
    assert!(gone.request_id().is_some());
}

#[tokio::test]
async fn sequence_returns_its_frames_cameras_and_health() {
    let sandbox = Sandbox::start().await.unwrap();
    let datasets = client(&sandbox).datasets();
    let listed = datasets.list_sequences(demo::OWNER, demo::LIDAR_DATASET).await.unwrap();
    assert!(listed.items.iter().all(|sequence| sequence.frames.is_none()), "a list has no frames");
    let uid = &listed.items[0].uid;

    let sequence = datasets.get_sequence(demo::OWNER, demo::LIDAR_DATASET, uid).await.unwrap();
    assert_eq!(sequence.frame_count(), 40);
    let frames: Vec<_> = sequence.typed_frames().collect::<Result<_, _>>().unwrap();
    assert_eq!(frames.len(), 40);
    let last = datasets.get_frame(demo::OWNER, demo::LIDAR_DATASET, uid, 39).await.unwrap();
    // The URLs of images depend on the second of the response.
    assert_eq!((last.frame_index, &last.key), (39, &frames[39].key));
    assert_eq!((last.device_position, last.images.len()), (frames[39].device_position, frames[39].images.len()));
    let rig = datasets.get_calibration(demo::OWNER, demo::LIDAR_DATASET, uid).await.unwrap();
    assert_eq!(rig, sequence.calibration().unwrap());
    assert_eq!(rig.cameras.len(), 6);
    let beyond = datasets.get_frame(demo::OWNER, demo::LIDAR_DATASET, uid, 40).await.unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::NotFound);

    let health = datasets.get_health(demo::OWNER, demo::LIDAR_DATASET).await.unwrap();
    assert_eq!(health.sequence_count, Some(3));
    assert_eq!(health.sequences[0].uid, *uid);
}

#[tokio::test]
async fn wrong_key_is_an_error_and_not_retried() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = crate::builder(&sandbox).api_key("avk_somebody_elses").build().unwrap();
    let error = avala.datasets().list().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Authentication, 1));
    assert!(!format!("{error:?}").contains("somebody_elses"), "{error:?}");
}
