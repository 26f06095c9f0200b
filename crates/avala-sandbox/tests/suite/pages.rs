use std::collections::HashSet;

use avala_sandbox::{Sandbox, demo};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json as value;

use crate::client::{call, column, fetch, get, json, path_of, post, request, walk};

#[tokio::test]
async fn pages_hold_every_row_exactly_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let items = format!("/datasets/{}/{}/items/", demo::OWNER, demo::IMAGE_DATASET);
    for (path, count) in [
        ("/datasets/".to_owned(), 120),
        ("/datasets/?limit=7".to_owned(), 120),
        ("/tasks/?limit=64".to_owned(), 320),
        ("/users/me/projects/?limit=1".to_owned(), 8),
        ("/exports/?limit=2".to_owned(), 5),
        (items.clone(), 260),
        (format!("{items}?limit=130"), 260),
        (format!("/datasets/{}/list/?limit=9", demo::OWNER), 116),
    ] {
        let uids = walk(&sandbox, &path, "uid").await;
        assert_eq!(uids.len(), count, "{path}");
        assert_eq!(uids.iter().collect::<HashSet<_>>().len(), count, "{path}");
    }
}

#[tokio::test]
async fn a_page_has_100_rows_unless_a_limit_says_otherwise() {
    let sandbox = Sandbox::start().await.unwrap();
    for (query, rows) in [("", 100), ("?limit=3", 3), ("?limit=0", 100), ("?limit=many", 100), ("?limit=9999", 320)] {
        let page = fetch(&sandbox, &format!("/tasks/{query}")).await;
        assert_eq!(page["results"].as_array().unwrap().len(), rows, "{query}");
    }
}

#[tokio::test]
async fn next_link_keeps_filters_and_ignores_the_host_header() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut request = request(&sandbox, Method::GET, "/tasks/?limit=5&status=in_progress", "");
    request.headers_mut().insert("host", HeaderValue::from_static("api.avala.ai"));
    let page = json(&call(&sandbox, request).await, StatusCode::OK);
    assert_eq!(page["previous"], value!(null));
    let next = path_of(&sandbox, &page["next"]).unwrap();
    assert!(next.contains("limit=5") && next.contains("status=in_progress"), "{next}");

    let second = fetch(&sandbox, &next).await;
    assert_eq!(column(&second, "status"), ["in_progress"; 5]);
    let back = fetch(&sandbox, &path_of(&sandbox, &second["previous"]).unwrap()).await;
    assert_eq!(column(&back, "uid"), column(&page, "uid"));
}

#[tokio::test]
async fn a_cursor_survives_a_new_row_between_pages() {
    let sandbox = Sandbox::start().await.unwrap();
    let first = fetch(&sandbox, "/datasets/?limit=60").await;
    let new = post(&sandbox, "/datasets/", value!({"name": "New", "slug": "new", "data_type": "image"})).await;
    let new = json(&new, StatusCode::CREATED);
    let mut uids = column(&first, "uid");
    uids.extend(walk(&sandbox, &path_of(&sandbox, &first["next"]).unwrap(), "uid").await);
    assert_eq!(uids.len(), 121);
    assert_eq!(uids.iter().collect::<HashSet<_>>().len(), 121);
    assert_eq!(uids.last().unwrap(), new["uid"].as_str().unwrap(), "the newest is last");
}

#[tokio::test]
async fn a_cursor_that_was_tampered_with_is_404() {
    let sandbox = Sandbox::start().await.unwrap();
    let page = fetch(&sandbox, "/tasks/?limit=5").await;
    let next = path_of(&sandbox, &page["next"]).unwrap();
    let of_another_list = next.replace("/tasks/", "/exports/");
    for path in [next.replacen("cursor=", "cursor=0", 1), of_another_list, "/tasks/?cursor=2".to_owned()] {
        let body = json(&get(&sandbox, &path).await, StatusCode::NOT_FOUND);
        assert_eq!(body["detail"], "Invalid cursor", "{path}");
    }
}

#[tokio::test]
async fn numbered_pages_count_their_rows_and_end() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = format!("/datasets/{}/list/", demo::OWNER);
    let first = fetch(&sandbox, &list).await;
    assert_eq!((&first["count"], &first["previous"]), (&value!(116), &value!(null)));
    assert_eq!(first["next"], format!("{}{list}?page=2", sandbox.api_url()));

    let second = fetch(&sandbox, &format!("{list}?page=2&limit=50")).await;
    assert_eq!(second["previous"], format!("{}{list}?limit=50", sandbox.api_url()));
    assert_eq!(second["next"], format!("{}{list}?page=3&limit=50", sandbox.api_url()));
    let third = fetch(&sandbox, &format!("{list}?page=3&limit=50")).await;
    assert_eq!((third["results"].as_array().unwrap().len(), &third["next"]), (16, &value!(null)));
    assert_eq!(third["previous"], format!("{}{list}?page=2&limit=50", sandbox.api_url()));

    for page in ["0", "3", "-1", "x", "99999999999999999999"] {
        let body = json(&get(&sandbox, &format!("{list}?page={page}")).await, StatusCode::NOT_FOUND);
        assert_eq!(body["detail"], "Invalid page.");
    }
}
