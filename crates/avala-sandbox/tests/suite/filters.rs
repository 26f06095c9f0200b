use avala_sandbox::{Sandbox, demo};
use serde_json::Value;

use crate::client::{column, fetch, walk};

async fn count(sandbox: &Sandbox, path: &str) -> usize {
    walk(sandbox, path, "uid").await.len()
}

#[tokio::test]
async fn datasets_are_filtered_by_what_they_are() {
    let sandbox = Sandbox::start().await.unwrap();
    for (query, field, expected) in [
        ("data_type=lidar", "data_type", "lidar"),
        ("data_type=image_3d&limit=1", "data_type", "image_3d"),
        ("visibility=unlisted", "visibility", "unlisted"),
        ("status=creating", "status", "creating"),
    ] {
        let values = walk(&sandbox, &format!("/datasets/?{query}"), field).await;
        assert!(!values.is_empty() && values.iter().all(|value| value == expected), "{query}: {values:?}");
    }
    assert_eq!(count(&sandbox, "/datasets/?data_type=smell").await, 0);
    assert_eq!(count(&sandbox, "/datasets/?data_type=").await, 120);
    assert_eq!(walk(&sandbox, "/datasets/?name=WAREHOUSE+li", "slug").await, [demo::LIDAR_DATASET]);
    assert_eq!(walk(&sandbox, "/datasets/?data_type=image&visibility=public", "slug").await, ["harbor-cranes"]);
}

#[tokio::test]
async fn tasks_are_filtered_by_project_and_status() {
    let sandbox = Sandbox::start().await.unwrap();
    let projects = walk(&sandbox, "/users/me/projects/", "uid").await;
    let mut total = 0;
    for project in &projects {
        for status in ["pending", "in_progress", "completed"] {
            let found = count(&sandbox, &format!("/tasks/?project={project}&status={status}&limit=3")).await;
            assert!(found > 0, "{project} {status}");
            total += found;
        }
    }
    assert_eq!(total, 320);
    assert_eq!(count(&sandbox, "/tasks/?project=no-such-project").await, 0);
}

#[tokio::test]
async fn lists_of_an_owner_are_ordered_as_asked() {
    let sandbox = Sandbox::start().await.unwrap();
    let sorted = |mut values: Vec<String>| {
        values.sort();
        values
    };
    for list in [format!("/datasets/{}/list/", demo::OWNER), format!("/projects/{}/", demo::OWNER)] {
        for field in ["name", "created_at", "updated_at"] {
            let mut expected = sorted(walk(&sandbox, &list, field).await);
            if field == "name" {
                expected.sort_by_key(|name| name.to_lowercase());
            }
            let ascending = walk(&sandbox, &format!("{list}?ordering={field}&limit=4"), field).await;
            assert_eq!(ascending, expected, "{list} {field}");
            expected.reverse();
            let descending = walk(&sandbox, &format!("{list}?ordering=-{field}&limit=4"), field).await;
            assert_eq!(descending, expected, "{list} {field}");
        }
        assert_eq!(walk(&sandbox, &format!("{list}?ordering=colour"), "uid").await, walk(&sandbox, &list, "uid").await);
    }
}

#[tokio::test]
async fn a_fixed_segment_wins_over_a_parameter() {
    let sandbox = Sandbox::start().await.unwrap();
    let page = fetch(&sandbox, "/datasets/acme-robotics/list/").await;
    assert!(page["count"].is_u64());
    let owners = column(&page, "owner_name");
    assert!(owners.iter().all(|owner| owner == demo::OWNER));
    assert_ne!(fetch(&sandbox, "/users/me/projects/").await["results"], Value::Null);
}
