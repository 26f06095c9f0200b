//! Conversions and comparisons that compile for types of the standard library compile here too.

#![expect(clippy::nonminimal_bool, clippy::cmp_owned, reason = "every comparison is one that has to compile")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use avala_types::*;

fn is_eq_and_hash<T: Eq + std::hash::Hash>() {}

#[test]
fn identifiers_are_like_strings() {
    let id = TaskUid::new("t1");
    assert!(id == "t1" && "t1" == id && id == *"t1" && id == String::from("t1") && String::from("t1") == id);
    assert_eq!(id, "t1");
    assert_eq!(HashMap::from([(id.clone(), 1)]).get("t1"), Some(&1));
    assert_eq!(BTreeMap::from([(id.clone(), 1)]).get("t1"), Some(&1));
    assert!(BTreeSet::from([id.clone()]).contains("t1") && HashSet::from([id.clone()]).contains("t1"));
    assert_eq!("t1".parse::<TaskUid>().unwrap(), id);
    assert_eq!(TaskUid::from(Cow::Borrowed("t1")), id);
    assert_eq!(TaskUid::from(Box::<str>::from("t1")), id);
    assert_eq!((id.len(), id.is_empty(), id.starts_with("t")), (2, false, true));
    assert_eq!(format!("{id:>4}|{id:<3}|{id:.1}"), "  t1|t1 |t");
    assert_eq!(["t1"].map(TaskUid::from).to_vec(), [id.as_str()]);
    assert_eq!(&*Box::<str>::from(id), "t1");
}

#[test]
fn enumerations_are_ordered_and_made_of_text() {
    let counts: BTreeMap<TaskStatus, u32> = BTreeMap::from([(TaskStatus::Completed, 1), ("new".into(), 2)]);
    assert_eq!(counts.keys().map(TaskStatus::as_str).collect::<Vec<_>>(), ["completed", "new"]);
    assert!(HashSet::from([TaskStatus::Pending]).contains(&"pending".parse().unwrap()));
    assert!(TaskStatus::from("new") == "new" && "new" == TaskStatus::from("new") && TaskStatus::Pending == *"pending");
    assert_eq!(String::from(TaskStatus::Pending), "pending");
    assert_eq!(TaskStatus::from(Box::<str>::from("pending")), TaskStatus::Pending);
    let described = match TaskStatus::from("new") {
        TaskStatus::Completed => "done".to_owned(),
        other => other.to_string(),
    };
    assert_eq!(described, "new");
}

#[test]
fn models_are_made_in_an_expression() {
    let task =
        Task::new("t1").with_name("Label cars").with_status(TaskStatus::Pending).with_project(None::<ProjectUid>);
    assert_eq!(
        (task.name.as_deref(), task.status, task.project),
        (Some("Label cars"), Some(TaskStatus::Pending), None)
    );
    let dataset =
        Dataset::new("d1", "Night", "night").with_item_count(7).with_size_bytes(1 << 40).with_is_sequence(true);
    assert_eq!((dataset.item_count, dataset.size_bytes, dataset.is_sequence), (7, Some(1 << 40), Some(true)));
    assert_eq!(dataset.with_created_at(None::<Timestamp>).with_name("Day").name, "Day");
    assert_eq!(Agent::new("a1", "n").with_task_types(["image-annotation"]).task_types.len(), 1);
    assert_eq!(UploadUrlEntry::new("p", "u", "k").with_headers([("a", "b")]).headers["a"], "b");
    assert_eq!(Task::new("t1").with_extra("reviewed", true).extra.len(), 1);
    let task = Task::new("t1").with_uid("t2").with_uid(TaskUid::new("t3")).with_name(None::<&str>);
    assert_eq!(task.uid, "t3");
    assert_eq!(Dataset::new("d1", "Night", "night").with_slug(String::from("day")).slug, "day");
    let user = SignupUser::new("u1", "ada");
    assert_eq!(SignupResponse::new(user.clone(), "avk_1").with_user(user.with_username("eva")).user.username, "eva");
    assert_eq!(Agent::new("a1", "n").with_execution_stats(None::<BTreeMap<String, u64>>).execution_stats, None);
    is_eq_and_hash::<CursorPage<Task>>();
    is_eq_and_hash::<RawPageResponse<Dataset>>();
    is_eq_and_hash::<Task>();
    is_eq_and_hash::<Dataset>();
    is_eq_and_hash::<CreateDataset>();
    is_eq_and_hash::<Json>();
    is_eq_and_hash::<Extra>();
}

#[test]
fn setter_drops_the_unexpected_value_of_its_field() {
    let text = r#"{"uid":"d1","name":"n","slug":"s","created_at":"","item_count":"many"}"#;
    let dataset: Dataset = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&dataset).unwrap().matches("item_count").count(), 1);
    assert!(serde_json::to_string(&dataset).unwrap().contains(r#""item_count":"many""#));
    let set = dataset.clone().with_item_count(3);
    assert!(set.extra.get("item_count").is_none() && set.extra.get("created_at").is_some());
    // A field that is set without its setter is written once too.
    let mut assigned = dataset;
    assigned.item_count = 3;
    assigned.created_at = Timestamp::from_unix_seconds(0);
    let written = serde_json::to_string(&assigned).unwrap();
    assert_eq!((written.matches("item_count").count(), written.matches("created_at").count()), (1, 1), "{written}");
    assert!(written.contains(r#""item_count":3"#) && written.contains("1970"), "{written}");
}

#[test]
fn payload_setters_take_options() {
    let (name, count): (Option<String>, Option<u64>) = (None, Some(3));
    let agent = CreateAgent::new("n").description(name.as_deref()).callback_url(Some("https://a")).is_active(true);
    assert_eq!(
        (agent.description, agent.callback_url.as_deref(), agent.is_active),
        (None, Some("https://a"), Some(true))
    );
    let urls = GetUploadUrls::new("s1", vec!["p".to_owned()]).ttl_seconds(count);
    assert_eq!(
        (urls.ttl_seconds, urls.clone().ttl_seconds(None).ttl_seconds, urls.ttl_seconds(60).ttl_seconds),
        (Some(3), None, Some(60))
    );
}

#[test]
fn extra_takes_scalars_and_is_iterated_by_reference() {
    let mut extra = Extra::from_iter([("a", 1)]);
    extra.insert("b", "text");
    extra.insert("c", true);
    extra.insert("d", 1.5);
    extra.insert("e", String::from("owned"));
    let text = String::from("borrowed");
    extra.insert("f", &text);
    extra.insert("g", Cow::Borrowed(&*text));
    extra.retain(|name, _| name < "f");
    assert_eq!((extra.iter().len(), Extra::from([("a", 1)]).iter().len()), (5, 1));
    let mut texts = Vec::new();
    for (name, value) in &extra {
        texts.push(format!("{name}={value}"));
    }
    assert_eq!(texts, ["a=1", "b=\"text\"", "c=true", "d=1.5", "e=\"owned\""]);
    assert_eq!(Json::default().get(), "null");
    let by_value: HashMap<Json, u8> = HashMap::from([("[1.0,{\"a\":1,\"b\":2}]".parse().unwrap(), 1)]);
    assert_eq!(by_value.get(&"[1, {\"b\":2,\"a\":1}]".parse::<Json>().unwrap()), Some(&1));
}

#[test]
fn timestamps_have_a_clock_and_arithmetic() {
    let start: Timestamp = "2025-01-15T09:30:00Z".parse().unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!((start + hour - hour, start + hour - start), (start, time::Duration::HOUR));
    assert_eq!((start + hour).duration_since(start), Some(hour));
    assert_eq!(start.duration_since(start + hour), None);
    assert_eq!(start.checked_add(Duration::MAX), None);
    assert!(Timestamp::now() > start && Timestamp::from(std::time::SystemTime::now()) >= start);
    // An offset with seconds has no place in RFC 3339, and this time has no other form.
    let offset = time::UtcOffset::from_hms(-1, 0, -30).unwrap();
    let last = Timestamp::from(time::PrimitiveDateTime::MAX.assume_offset(offset));
    assert!(serde_json::to_string(&last).is_err() && last > start && last.checked_add(hour).is_none());
    let mut moved = start;
    moved += hour;
    assert!(moved > start);
}

#[test]
fn etag_is_sent_without_quotes() {
    for tag in ["\"9e10\"", "9e10", "W/\"9e10\""] {
        let file = ConfirmedFile::new("a.mcap", tag, 3_u64);
        assert_eq!(serde_json::to_value(&file).unwrap()["etag"], "9e10");
        assert_eq!(file.etag, "9e10");
        assert_eq!(HashSet::from([ETag::new(tag)]).get("9e10"), tag.parse().ok().as_ref());
    }
}
