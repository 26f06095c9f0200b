//! Models inside other serde containers and in other formats.

#![expect(clippy::large_enum_variant, reason = "what a user would write first")]

use avala_types::{CursorPage, Dataset, DatasetItem, Json, Quat, Task};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Internal {
    Task(Task),
    Item(DatasetItem),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
enum Adjacent {
    Task(Task),
    Item(DatasetItem),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Dataset(Dataset),
    Task(Task),
    Json(Json),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    queue: String,
    #[serde(flatten)]
    task: Task,
}

const TASK: &str =
    r#"{"uid":"t1","name":"n","new":{"a":[1,-2,2.5,null,true,"x"],"big":18446744073709551615},"note":"y"}"#;

fn task() -> Task {
    serde_json::from_str(TASK).unwrap()
}

fn item() -> DatasetItem {
    serde_json::from_str(r#"{"uid":"i1","metadata":{"width":1920,"tags":["a",{}]},"reviewed_by":["ada"]}"#).unwrap()
}

/// Writes a value in every format and reads it back.
fn round_trips<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    assert_eq!(&serde_json::from_slice::<T>(json.as_bytes()).unwrap(), value);
    assert_eq!(&serde_json::from_reader::<_, T>(json.as_bytes()).unwrap(), value);
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(&serde_json::from_value::<T>(tree.clone()).unwrap(), value);
    assert_eq!(&T::deserialize(&tree).unwrap(), value);
    let yaml = serde_yaml_ng::to_string(value).unwrap();
    assert!(!yaml.contains("private"), "{yaml}");
    assert_eq!(&serde_yaml_ng::from_str::<T>(&yaml).unwrap(), value, "{yaml}");
    for packed in [rmp_serde::to_vec(value).unwrap(), rmp_serde::to_vec_named(value).unwrap()] {
        assert_eq!(&rmp_serde::from_slice::<T>(&packed).unwrap(), value);
        assert_eq!(&rmp_serde::from_read::<_, T>(&*packed).unwrap(), value);
    }
}

#[test]
fn model_with_unknown_fields_survives_every_format() {
    round_trips(&task());
    round_trips(&item());
    round_trips(&vec![task(), Task::new("t2")]);
    round_trips(&Quat::from([0.0, 0.5, -0.5, 1.0]));
    round_trips(&task().extra.get("new").unwrap().clone());
    round_trips(&Json::default());
}

#[test]
fn model_with_unknown_fields_survives_every_container() {
    for value in [Internal::Task(task()), Internal::Item(item())] {
        round_trips(&value);
    }
    for value in [Adjacent::Task(task()), Adjacent::Item(item())] {
        round_trips(&value);
    }
    for value in [Untagged::Task(task()), Untagged::Json("[1,{\"a\":null}]".parse().unwrap())] {
        round_trips(&value);
    }
    round_trips(&Flat { queue: "q".to_owned(), task: task() });
}

#[test]
fn page_survives_every_format() {
    let page = r#"{"results":[{"uid":"t1","new":[1]}],"next":"?cursor=a","previous":null,"count":3,"took":{"ms":1}}"#;
    round_trips(&serde_json::from_str::<CursorPage<Task>>(page).unwrap());
}

#[test]
fn unexpected_field_is_kept_in_every_container() {
    let text = r#"{"kind":"task","uid":"t1","name":{"a":[]},"created_at":"","status":1.5}"#;
    let check = |job: Internal| match job {
        Internal::Task(task) => {
            assert_eq!((task.name, task.created_at, task.status), (None, None, None));
            assert_eq!(task.extra.get("name").unwrap().get(), r#"{"a":[]}"#);
            assert_eq!((task.extra.get("status").unwrap().get(), task.extra.len()), ("1.5", 3));
        }
        Internal::Item(item) => panic!("{item:?}"),
    };
    let tree: serde_json::Value = serde_json::from_str(text).unwrap();
    check(serde_json::from_str(text).unwrap());
    check(serde_json::from_value(tree.clone()).unwrap());
    check(serde_yaml_ng::from_str(text).unwrap());
    check(rmp_serde::from_slice(&rmp_serde::to_vec(&tree).unwrap()).unwrap());
}

#[test]
fn list_is_no_object_in_any_format() {
    assert!(serde_json::from_str::<Quat>("[1,0,0,0]").is_err());
    assert!(serde_json::from_value::<Quat>(serde_json::json!([1, 0, 0, 0])).is_err());
    assert!(serde_yaml_ng::from_str::<Quat>("[1, 0, 0, 0]").is_err());
    assert!(rmp_serde::from_slice::<Quat>(&rmp_serde::to_vec(&[1, 0, 0, 0]).unwrap()).is_err());
    assert!(serde_json::from_str::<Task>(r#"["t1"]"#).is_err());
}

/// serde's own buffers, for tagged enums and `flatten`, hold numbers of 64 bits: larger ones are rounded there, and
/// only there. In JSON without such a container, every digit is kept.
#[test]
fn numbers_over_64_bits_are_rounded_in_a_buffer_only() {
    let big = "340282366920938463463374607431768211457";
    let text = format!(r#"{{"uid":"t1","new":{big}}}"#);
    assert_eq!(serde_json::to_string(&serde_json::from_str::<Task>(&text).unwrap()).unwrap(), text);

    let tagged = format!(r#"{{"kind":"task","uid":"t1","new":{big}}}"#);
    let Internal::Task(task) = serde_json::from_str(&tagged).unwrap() else { panic!("a task") };
    assert_eq!(task.extra.get("new").unwrap().get(), "3.402823669209385e+38");
    // Adjacent tags need no buffer if the tag comes first.
    let tagged = format!(r#"{{"kind":"task","data":{text}}}"#);
    let Adjacent::Task(task) = serde_json::from_str(&tagged).unwrap() else { panic!("a task") };
    assert_eq!(task.extra.get("new").unwrap().get(), big);
    // Writing needs none at all.
    assert!(serde_json::to_string(&Internal::Task(task)).unwrap().contains(big));
}

#[test]
fn text_with_the_name_of_a_raw_value_is_data() {
    let text = r#"{"kind":"task","uid":"t1","new":{"$serde_json::private::RawValue":"not json"}}"#;
    let Internal::Task(task) = serde_json::from_str(text).unwrap() else { panic!("a task") };
    assert_eq!(task.extra.get("new").unwrap().get(), r#"{"$serde_json::private::RawValue":"not json"}"#);
}

#[test]
fn infinite_number_has_no_form_in_json() {
    assert!(serde_yaml_ng::from_str::<Task>("uid: t1\nnew: .nan").is_err());
}
