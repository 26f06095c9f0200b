use avala_sandbox::{Sandbox, demo};
use http::{Method, StatusCode};
use serde_json::{Value, json as value};

use crate::client::{call, column, fetch, first_uid, get, json, request};

#[tokio::test]
async fn outcome_is_set_replaced_listed_and_kept() {
    let sandbox = Sandbox::start().await.unwrap();
    let dataset = format!("/datasets/{}/{}/", demo::OWNER, demo::LIDAR_DATASET);
    let sequence = first_uid(&sandbox, &format!("{dataset}sequences/")).await;
    let path = format!("{dataset}sequences/{sequence}/outcome/");
    assert_eq!(get(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
    let set = async |body: Value, status| {
        json(&call(&sandbox, request(&sandbox, Method::PUT, &path, body.to_string())).await, status)
    };
    let first = set(value!({"outcome": "failure", "quality": 2, "failure_stage": "grasp"}), StatusCode::OK).await;
    assert_eq!((&first["version"], &first["is_current"]), (&value!(1), &value!(true)));
    let second = set(value!({"outcome": "expert_success", "progress": 0.5}), StatusCode::OK).await;
    assert_eq!((&second["version"], &second["failure_stage"]), (&value!(2), &Value::Null), "it replaces all");
    assert_eq!(fetch(&sandbox, &path).await, second);
    let history = json(&get(&sandbox, &format!("{path}history/")).await, StatusCode::OK);
    let versions: Vec<_> =
        history.as_array().unwrap().iter().map(|one| (one["version"].clone(), one["is_current"].clone())).collect();
    assert_eq!(versions, [(value!(2), value!(true)), (value!(1), value!(false))]);
    for (query, found) in
        [("", 1), ("?outcome=failure,expert_success", 1), ("?outcome=failure", 0), ("?source=human&limit=1", 1)]
    {
        let page = fetch(&sandbox, &format!("{dataset}sequence-outcomes/{query}")).await;
        assert_eq!(column(&page, "outcome").len(), found, "{query}");
    }
    let wrong = set(value!({"outcome": "great", "progress": 2}), StatusCode::BAD_REQUEST).await;
    assert!(wrong["outcome"].is_array() && wrong["progress"].is_array(), "{wrong}");
}
