use avala_sandbox::{Sandbox, Seed, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{act, column, create, delete, fetch, get, json, patch, post, refused_fields, text, walk};
use crate::life::Life;

const DEMO: &str = "/organizations/northwind-labs/";

#[tokio::test]
async fn an_organization_lives() {
    let sandbox = Sandbox::start().await.unwrap();
    let life = Life {
        list: "/organizations/".to_owned(),
        key: "slug",
        new: value!({
            "name": "Quay Works", "description": "Cranes.", "logo": "q.png", "website": "https://quay.example",
            "industry": "logistics", "email": "q@quay.example", "phone": "1", "visibility": "public",
        }),
        change: value!({"name": "Quay", "handle": "quay"}),
        keeps: "name",
        clears: Some("website"),
        secret: None,
    };
    life.live(&sandbox).await;
    assert_eq!(fetch(&sandbox, "/organizations/").await["count"], 3);
    let choices = fetch(&sandbox, "/organizations/industry-choices/").await;
    assert!(choices["choices"][0]["value"].is_string(), "the fixed segment wins over the slug");
}

#[tokio::test]
async fn the_demo_organization_has_its_uid_and_counts_what_it_owns() {
    for seed in [Seed::Demo, Seed::Empty] {
        let sandbox = Sandbox::builder().seed(seed).start().await.unwrap();
        let organization = fetch(&sandbox, DEMO).await;
        assert_eq!((&organization["uid"], &organization["role"]), (&value!(demo::ORGANIZATION_UID), &value!("owner")));
        let expected = if seed == Seed::Demo { [10, 3, 2, 1, 1] } else { [1, 0, 0, 0, 0] };
        let counts = ["member_count", "team_count", "dataset_count", "project_count", "slice_count"];
        assert_eq!(counts.map(|count| organization[count].as_u64().unwrap()), expected);
    }
}

#[tokio::test]
async fn a_new_handle_takes_everything_along() {
    let sandbox = Sandbox::start().await.unwrap();
    let taken = json(&patch(&sandbox, DEMO, value!({"handle": demo::OWNER})).await, StatusCode::BAD_REQUEST);
    assert!(taken["handle"][0].is_string());
    json(&patch(&sandbox, DEMO, value!({"handle": "northwind"})).await, StatusCode::OK);
    assert_eq!(fetch(&sandbox, "/datasets/northwind/list/").await["count"], 2);
    assert_eq!(get(&sandbox, "/datasets/northwind-labs/list/").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(fetch(&sandbox, "/slices/northwind/list/").await["count"], 1);
}

async fn members(sandbox: &Sandbox, query: &str) -> Value {
    fetch(sandbox, &format!("{DEMO}members/{query}")).await
}

#[tokio::test]
async fn members_are_searched_changed_and_removed() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(members(&sandbox, "").await["count"], 10);
    assert_eq!(column(&members(&sandbox, "?search=BERG").await, "username"), ["bo-berg"]);
    assert_eq!(column(&members(&sandbox, "?search=northwind.example&role=admin").await, "username"), ["bo-berg"]);
    assert_eq!(members(&sandbox, "?limit=3&page=4").await["results"].as_array().unwrap().len(), 1);

    let bo = text(&members(&sandbox, "?search=berg").await["results"][0], "user_uid").to_owned();
    let path = format!("{DEMO}members/{bo}/");
    let role = patch(&sandbox, &format!("{path}role/"), value!({"role": "member"})).await;
    assert_eq!(role.status(), StatusCode::NO_CONTENT);
    assert_eq!(members(&sandbox, "?search=berg").await["results"][0]["role"], "member");
    json(&patch(&sandbox, &format!("{path}role/"), value!({"role": "owner"})).await, StatusCode::BAD_REQUEST);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(members(&sandbox, "").await["count"], 9);
    for team in walk(&sandbox, &format!("{DEMO}teams/"), "slug").await {
        let uids = walk(&sandbox, &format!("{DEMO}teams/{team}/members/"), "user_uid").await;
        assert!(!uids.contains(&bo), "{team}");
    }
}

#[tokio::test]
async fn an_organization_has_one_owner_who_cannot_leave() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = text(&members(&sandbox, "?role=owner").await["results"][0], "user_uid").to_owned();
    json(&act(&sandbox, &format!("{DEMO}leave/")).await, StatusCode::BAD_REQUEST);
    json(&delete(&sandbox, &format!("{DEMO}members/{owner}/")).await, StatusCode::BAD_REQUEST);
    let nobody = refused_fields(&sandbox, &format!("{DEMO}transfer-ownership/"), value!({"new_owner_uid": "x"})).await;
    assert_eq!(nobody, ["new_owner_uid"]);

    let heir = text(&members(&sandbox, "?search=hori").await["results"][0], "user_uid").to_owned();
    let transfer = post(&sandbox, &format!("{DEMO}transfer-ownership/"), value!({"new_owner_uid": heir})).await;
    assert_eq!(transfer.status(), StatusCode::NO_CONTENT);
    assert_eq!(column(&members(&sandbox, "?role=owner").await, "user_uid"), [heir]);
    assert_eq!(fetch(&sandbox, DEMO).await["role"], "admin");
    assert_eq!(act(&sandbox, &format!("{DEMO}leave/")).await.status(), StatusCode::NO_CONTENT);
    assert!(fetch(&sandbox, DEMO).await.get("role").is_none_or(Value::is_null));
    json(&act(&sandbox, &format!("{DEMO}leave/")).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_invitation_is_sent_again_cancelled_or_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = format!("{DEMO}invitations/");
    assert_eq!(fetch(&sandbox, &list).await["count"], 6);
    let new = value!({"email": "nova@guest.example", "role": "admin"});
    let invitation = create(&sandbox, &list, new.clone()).await;
    assert_eq!((&invitation["status"], &invitation["is_expired"]), (&value!("pending"), &value!(false)));
    assert!(text(&invitation, "accept_url").starts_with(sandbox.url()));
    assert_eq!(refused_fields(&sandbox, &list, new).await, ["email"], "it is pending");
    for wrong in [value!({"email": "nova"}), value!({"email": "bo-berg@northwind.example"})] {
        assert_eq!(refused_fields(&sandbox, &list, wrong).await, ["email"]);
    }

    let path = format!("{list}{}/", text(&invitation, "uid"));
    assert_eq!(act(&sandbox, &format!("{path}resend/")).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(act(&sandbox, &format!("{path}cancel/")).await.status(), StatusCode::NO_CONTENT);
    for action in ["resend", "cancel"] {
        json(&act(&sandbox, &format!("{path}{action}/")).await, StatusCode::BAD_REQUEST);
    }
    let accept = |uid: &str| format!("/organizations/invitations/{uid}/accept/");
    json(&act(&sandbox, &accept(text(&invitation, "uid"))).await, StatusCode::BAD_REQUEST);
    json(&act(&sandbox, &accept("none")).await, StatusCode::NOT_FOUND);

    let signup = value!({"email": "nova@guest.example", "password": "long enough"});
    create(&sandbox, "/signup/", signup).await;
    let again = create(&sandbox, &list, value!({"email": "nova@guest.example"})).await;
    let accepted = json(&act(&sandbox, &accept(text(&again, "uid"))).await, StatusCode::OK);
    assert_eq!(accepted["status"], "accepted");
    assert_eq!(column(&members(&sandbox, "?search=nova").await, "role"), ["member"]);
}

#[tokio::test]
async fn a_team_lives_in_its_organization() {
    let sandbox = Sandbox::start().await.unwrap();
    let life = Life {
        list: format!("{DEMO}teams/"),
        key: "slug",
        new: value!({"name": "Night Shift", "description": "d", "color": "#000"}),
        change: value!({"name": "Late Shift", "color": "#111"}),
        keeps: "name",
        clears: Some("description"),
        secret: None,
    };
    life.live(&sandbox).await;
    assert_eq!(walk(&sandbox, &format!("{DEMO}teams/?limit=2"), "slug").await, ["labelling", "review", "robots"]);
    let twin = create(&sandbox, &format!("{DEMO}teams/"), value!({"name": "Review"})).await;
    assert_eq!(twin["slug"], "review-2");
}

#[tokio::test]
async fn team_members_come_from_the_organization() {
    let sandbox = Sandbox::start().await.unwrap();
    let list = format!("{DEMO}teams/labelling/members/");
    let user = text(&members(&sandbox, "?search=ilic").await["results"][0], "user_uid").to_owned();
    let member = create(&sandbox, &list, value!({"user_uid": user, "role": "lead"})).await;
    assert_eq!((&member["username"], &member["role"]), (&value!("ivo-ilic"), &value!("lead")));
    for wrong in [user.as_str(), "none"] {
        assert_eq!(refused_fields(&sandbox, &list, value!({"user_uid": wrong})).await, ["user_uid"]);
    }
    assert_eq!(fetch(&sandbox, &format!("{DEMO}teams/labelling/")).await["member_count"], 5);
    let path = format!("{list}{user}/");
    let role = patch(&sandbox, &format!("{path}role/"), value!({"role": "member"})).await;
    assert_eq!(role.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        walk(&sandbox, &format!("{list}?limit=2"), "role").await,
        ["lead", "member", "member", "member", "member"]
    );
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn member_lists_are_bare_arrays_when_asked_for() {
    let sandbox = Sandbox::builder().bare_member_lists(true).start().await.unwrap();
    assert_eq!(members(&sandbox, "?role=member").await.as_array().expect("a bare array").len(), 7);
    let team = fetch(&sandbox, &format!("{DEMO}teams/review/members/")).await;
    assert_eq!(team.as_array().expect("a bare array").len(), 4);
    assert!(fetch(&sandbox, &format!("{DEMO}teams/")).await["results"].is_array());
}
