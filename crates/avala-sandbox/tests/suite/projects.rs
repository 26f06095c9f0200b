use avala_sandbox::{Sandbox, demo};

use crate::client::{fetch, walk};

#[tokio::test]
async fn a_project_is_found_by_uid_and_by_owner() {
    let sandbox = Sandbox::start().await.unwrap();
    for uid in walk(&sandbox, "/users/me/projects/", "uid").await {
        let project = fetch(&sandbox, &format!("/users/me/projects/{uid}/")).await;
        assert_eq!(project["uid"], uid);
    }
    for (owner, count) in [(demo::OWNER, 6), (demo::OTHER_OWNER, 1), (demo::ORGANIZATION, 1)] {
        assert_eq!(walk(&sandbox, &format!("/projects/{owner}/"), "uid").await.len(), count, "{owner}");
    }
    let named = walk(&sandbox, &format!("/projects/{}/?name=pallet", demo::OWNER), "name").await;
    assert_eq!(named, ["Pallet segmentation"]);
}

#[tokio::test]
async fn a_task_is_found_by_uid() {
    let sandbox = Sandbox::start().await.unwrap();
    for task in fetch(&sandbox, "/tasks/?limit=3").await["results"].as_array().unwrap() {
        assert_eq!(fetch(&sandbox, &format!("/tasks/{}/", task["uid"].as_str().unwrap())).await, *task);
    }
}
