//! `avala api`.

use crate::support::World;

#[test]
fn any_endpoint_can_be_called() {
    let world = World::new();
    let page = world.run("api GET /datasets/?limit=1 --query data_type=lidar").ok().json();
    assert_eq!(page["results"][0]["data_type"], "lidar");
    assert_eq!(page["results"].as_array().unwrap().len(), 1);
    assert_eq!(world.run("api datasets --field limit=2").ok().json()["results"].as_array().unwrap().len(), 2);
    let agent = world
        .home
        .args([
            "api",
            "POST",
            "/agents/",
            "-F",
            "name=bot",
            "-F",
            "events=[\"task.completed\"]",
            "-F",
            "is_active=false",
        ])
        .ok()
        .json();
    assert_eq!((&agent["name"], &agent["is_active"]), (&"bot".into(), &false.into()));
    let path = format!("/agents/{}/", agent["uid"].as_str().unwrap());
    let changed = world.home.input(["api", "PATCH", &path, "--json", "-"], r#"{"description":"x"}"#).ok().json();
    assert_eq!(changed["description"], "x");
    assert_eq!(world.home.args(["api", "DELETE", &path, "--yes"]).ok().stdout, "null\n");
    world.home.args(["api", "GET", &path]).code(4);
}

#[test]
fn all_pages_are_one_array_or_lines() {
    let world = World::new();
    assert_eq!(world.run("api GET /tasks/ --all --page-size 100").ok().json().as_array().unwrap().len(), 320);
    assert_eq!(world.run("api GET /tasks/ --all -o ndjson").ok().stdout.lines().count(), 320);
}

#[test]
fn raw_fields_are_texts() {
    let world = World::new();
    let ran =
        world.home.args(["agents", "create", "-f", "name=123", "-F", "description=45", "--dry-run", "-o", "json"]);
    let ran = ran.code(2);
    assert!(ran.stderr.contains("description") || ran.stderr.contains("string"), "{ran:#?}");
    let json = world
        .home
        .args(["agents", "create", "-f", "name=123", "-F", "future_field={\"a\":1.50}", "--dry-run", "-o", "json"])
        .ok()
        .json();
    assert_eq!(json["body"]["name"], "123");
    assert_eq!(json["body"]["future_field"]["a"], 1.5);
}
