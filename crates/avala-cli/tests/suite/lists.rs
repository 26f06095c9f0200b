//! Lists: pages, limits, and pages that fail.

use crate::support::{Fake, Reply, World};

/// Serves five pages of two records. The third page fails.
fn failing(third: fn() -> Reply) -> Fake {
    Fake::new(move |target, head| {
        let host = head.split("host: ").nth(1).and_then(|rest| rest.split('\r').next()).unwrap().to_owned();
        let page = target.split("cursor=p").nth(1).and_then(|rest| rest[..1].parse().ok()).unwrap_or(1);
        if page == 3 {
            return third();
        }
        let record = |number: u32| format!(r#"{{"uid":"d{number}","name":"n{number}","slug":"s{number}"}}"#);
        let next = if page < 5 {
            format!("\"http://{host}/api/v1/datasets/?cursor=p{}\"", page + 1)
        } else {
            "null".to_owned()
        };
        let records = format!("{},{}", record(2 * page - 1), record(2 * page));
        Reply::Json(200, format!(r#"{{"next":{next},"previous":null,"results":[{records}]}}"#))
    })
}

#[test]
fn failed_page_never_looks_complete() {
    let faults: [fn() -> Reply; 4] = [
        || Reply::Json(500, "{}".to_owned()),
        || Reply::Json(200, "garbage".to_owned()),
        || Reply::Cut("{\"results\":[".to_owned()),
        || Reply::Close,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let fake = failing(fault);
        let run = |format: &str| {
            let ran = fake.run(&format!("datasets list --all -o {format} --max-attempts 1"));
            assert_ne!(ran.code, 0, "{number} {format}: {ran:#?}");
            assert!(
                ran.stderr.contains("4 records") && ran.stderr.contains("cursor=p3"),
                "{number} {format}: {ran:#?}"
            );
            ran
        };
        assert!(serde_json::from_str::<serde_json::Value>(&run("json").stdout).is_err());
        assert_eq!(run("ndjson").stdout.lines().count(), 4);
        assert_eq!(run("csv").stdout.lines().count(), 5);
        assert_eq!(run("tsv").stdout.lines().count(), 5);
        assert_eq!(run("uids").stdout, "d1\nd2\nd3\nd4\n");
        let _ = (run("yaml"), run("table"));
        let error = run("json").error();
        assert_eq!(error["records"], 4);
        assert_eq!(error["next_cursor"], "cursor=p3");
    }
}

#[test]
fn first_page_that_fails_prints_nothing_but_the_error() {
    let fake = Fake::new(|_, _| Reply::Json(500, "{}".to_owned()));
    for format in ["table", "ndjson", "csv", "tsv", "uids", "yaml"] {
        let ran = fake.run(&format!("datasets list --all -o {format} --max-attempts 1")).code(1);
        assert!(ran.stdout.is_empty() && ran.stderr.lines().count() == 1, "{format}: {ran:#?}");
    }
}

#[test]
fn cursor_of_an_error_goes_on() {
    let fake = failing(|| Reply::Json(500, "{}".to_owned()));
    let ran = fake.run("datasets list --all --cursor cursor=p4 -o uids").ok();
    assert_eq!(ran.stdout, "d7\nd8\nd9\nd10\n");
}

#[test]
fn filter_on_an_incomplete_list_prints_nothing() {
    let fake = failing(|| Reply::Close);
    let ran = fake.home.args(["datasets", "list", "--all", "--jq", "length", "--max-attempts", "1"]);
    assert_eq!((ran.stdout.as_str(), ran.code), ("", 8), "{ran:#?}");
}

#[test]
fn all_pages_are_one_array() {
    let world = World::new();
    let ran = world.run("datasets list --all --page-size 50 -o json").ok();
    assert_eq!(ran.json().as_array().unwrap().len(), 120);
    assert_eq!(ran.stderr, "");
    let lists = world.requests().iter().filter(|request| *request == "GET /datasets/").count();
    assert_eq!(lists, 3);
}

#[test]
fn limit_counts_records_and_not_pages() {
    let world = World::new();
    assert_eq!(world.run("datasets list --limit 7 -o uids").ok().stdout.lines().count(), 7);
    assert_eq!(world.run("datasets list --limit 110 --page-size 50 -o uids").ok().stdout.lines().count(), 110);
    let first = world.run("datasets list --limit 2 --page-info -o json").ok().json();
    assert_eq!(first["results"].as_array().unwrap().len(), 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = world.run(&format!("datasets list --cursor {cursor} --limit 1 -o json")).ok().json();
    assert!(first["results"].as_array().unwrap().iter().all(|item| item["uid"] != next[0]["uid"]));
}

#[test]
fn empty_lists_are_valid_in_every_format() {
    let world = World::empty();
    for (format, stdout) in
        [("json", "[]\n"), ("ndjson", ""), ("yaml", "[]\n"), ("uids", ""), ("csv", "uid,name,status,created_at\n")]
    {
        assert_eq!(world.run(&format!("projects list -o {format}")).ok().stdout, stdout, "{format}");
    }
}

#[test]
fn records_are_sorted_by_any_field() {
    let world = World::new();
    let ran = world.run("datasets list --all --sort -item_count -o json --fields item_count").ok().json();
    let counts: Vec<u64> = ran.as_array().unwrap().iter().map(|item| item["item_count"].as_u64().unwrap()).collect();
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[0] == 260, "{counts:?}");
}
