//! Lists of several pages, while other clients write to them.

use std::collections::BTreeSet;

use avala_client::types::{CreateDataset, Cursor, DataType, TaskStatus};
use avala_client::{ErrorKind, Items};
use avala_sandbox::{Sandbox, demo};

use crate::client;

async fn all<T>(mut items: Items<T>) -> Vec<T> {
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        found.push(item.unwrap());
        assert!(found.len() < 10_000, "the list does not end");
    }
    found
}

#[tokio::test]
async fn every_item_is_streamed_once_for_any_page_size() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    for limit in [7, 100, 1000] {
        let items = all(avala.datasets().list_items(demo::OWNER, demo::IMAGE_DATASET).limit(limit).items()).await;
        let uids: BTreeSet<_> = items.iter().map(|item| item.uid.clone()).collect();
        assert_eq!((items.len(), uids.len()), (260, 260), "{limit}");
    }
    assert_eq!(all(avala.datasets().list().items()).await.len(), 120, "two pages of the server's own size");
}

#[tokio::test]
async fn filters_hold_on_every_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    let pending = all(avala.tasks().list().status(TaskStatus::Pending).limit(10).items()).await;
    assert!(pending.len() > 10 && pending.iter().all(|task| task.status == Some(TaskStatus::Pending)));
    let project = pending[0].project.clone().unwrap();
    let of_project = all(avala.tasks().list().project(&project).limit(10).items()).await;
    assert!(of_project.len() > 10 && of_project.iter().all(|task| task.project.as_ref() == Some(&project)));
}

#[tokio::test]
async fn list_resumes_at_its_cursor_while_others_write() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    let mut before = avala.datasets().list().limit(50).items();
    let mut seen = Vec::new();
    for _ in 0..50 {
        seen.push(before.next().await.unwrap().unwrap().uid);
    }
    let noted = before.cursor().unwrap().to_string();
    drop(before);
    avala.datasets().create(&CreateDataset::new("New", "new", DataType::Image)).await.unwrap();
    let rest = all(avala.datasets().list().cursor(noted.parse::<Cursor>().unwrap()).items()).await;
    assert_eq!(seen.len() + rest.len(), 121);
    seen.extend(rest.into_iter().map(|dataset| dataset.uid));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 121);

    let tampered = Cursor::new("bm90IGEgY3Vyc29y");
    assert_eq!(avala.datasets().list().cursor(tampered).await.unwrap_err().kind(), ErrorKind::NotFound);
}
