//! Models inside other serde containers and in other formats.

#![expect(clippy::large_enum_variant, reason = "what a user would write first")]

use avala_types::{CursorPage, Dataset, DatasetItem, DatasetSequence, Json, Quat, Task, Vec3};
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
    assert_eq!(&read_cbor::<T>(&cbor(value)), value);
    let tree = ciborium::Value::serialized(value).unwrap();
    assert_eq!(&tree.deserialized::<T>().unwrap(), value);
    for packed in [rmp_serde::to_vec(value).unwrap(), rmp_serde::to_vec_named(value).unwrap()] {
        assert_eq!(&rmp_serde::from_slice::<T>(&packed).unwrap(), value);
        assert_eq!(&rmp_serde::from_read::<_, T>(&*packed).unwrap(), value);
    }
}

fn cbor(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn read_cbor<T: DeserializeOwned>(bytes: &[u8]) -> T {
    ciborium::from_reader(bytes).unwrap()
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
    check(rmp_serde::from_slice(&rmp_serde::to_vec(&Json::from(&tree)).unwrap()).unwrap());
    check(read_cbor(&cbor(&Json::from(&tree))));
}

/// `serde_json` with `arbitrary_precision` hands out numbers as objects, in a text and in serde's buffers; a test of the
/// default build sees the same result.
#[test]
fn numbers_are_numbers_in_every_container() {
    let text = r#"{"kind":"sequence","uid":"s1","key":"k","number_of_frames":12.0,"allow_lidar_calibration":-7,
        "new":[0,-1,2.5,{"a":1e3}],"lidar_calibration_enabled":2}"#;
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Job {
        Sequence(DatasetSequence),
    }
    let check = |job: Job| {
        let Job::Sequence(sequence) = job;
        assert_eq!(sequence.number_of_frames, Some(12));
        assert_eq!(sequence.extra.get("new").unwrap(), &"[0,-1,2.5,{\"a\":1000}]".parse::<Json>().unwrap());
        assert_eq!(sequence.extra.len(), 3, "{sequence:?}");
    };
    let tree: serde_json::Value = serde_json::from_str(text).unwrap();
    check(serde_json::from_str(text).unwrap());
    check(serde_json::from_reader(text.as_bytes()).unwrap());
    check(serde_json::from_value(tree.clone()).unwrap());
    check(Job::deserialize(&tree).unwrap());
    check(serde_yaml_ng::from_str(text).unwrap());
    check(read_cbor(&cbor(&Json::from(&tree))));
    check(rmp_serde::from_slice(&rmp_serde::to_vec(&Json::from(&tree)).unwrap()).unwrap());
}

#[test]
fn numbers_of_every_kind_are_read_from_a_buffer() {
    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Point(Vec3),
        Other(Json),
    }
    let read = |text: &str| serde_json::from_str::<Any>(text).unwrap();
    let other = |text: &str| match read(text) {
        Any::Other(json) => json.get().to_owned(),
        Any::Point(point) => panic!("{point:?}"),
    };
    for number in ["0", "-1", "18446744073709551615", "-9223372036854775808", "0.5", "-2.5e-7"] {
        assert_eq!(other(number).parse::<f64>().unwrap(), number.parse::<f64>().unwrap());
    }
    let data = r#"{"$serde_json::private::Number":"no number"}"#;
    assert_eq!(other(data), data);
    let Any::Point(point) = read(r#"{"x":-0,"y":-25e-1,"z":"3"}"#) else { panic!("a point") };
    assert_eq!((point.x.to_bits(), point.y, point.z), ((-0.0_f64).to_bits(), -2.5, 3.0));
}

/// CBOR reads texts of more than 4 KiB only as owned ones.
#[test]
fn long_texts_survive_cbor() {
    let mut task = task();
    let long = "x".repeat(10_000);
    task.name = Some(long.clone());
    task.uid = long.as_str().into();
    task.status = Some(long.as_str().into());
    task.extra.insert(&*long, &*long);
    assert_eq!(read_cbor::<Task>(&cbor(&task)), task);
}

#[test]
fn bytes_and_keys_that_are_numbers_become_json() {
    let bytes = cbor(&ciborium::Value::Map(vec![
        ("uid".into(), "t1".into()),
        ("raw".into(), ciborium::Value::Bytes(vec![1, 255])),
        ("by_frame".into(), ciborium::Value::Map(vec![(7.into(), true.into())])),
        ("big".into(), u64::MAX.into()),
    ]));
    let task = read_cbor::<Task>(&bytes);
    let kept = |name: &str| task.extra.get(name).unwrap().get();
    assert_eq!((kept("raw"), kept("by_frame"), kept("big")), ("[1,255]", r#"{"7":true}"#, "18446744073709551615"));
}

#[test]
fn list_is_no_object_in_any_format() {
    assert!(serde_json::from_str::<Quat>("[1,0,0,0]").is_err());
    assert!(serde_json::from_value::<Quat>(serde_json::json!([1, 0, 0, 0])).is_err());
    assert!(serde_yaml_ng::from_str::<Quat>("[1, 0, 0, 0]").is_err());
    assert!(rmp_serde::from_slice::<Quat>(&rmp_serde::to_vec(&[1, 0, 0, 0]).unwrap()).is_err());
    assert!(ciborium::from_reader::<Quat, _>(&*cbor(&[1, 0, 0, 0])).is_err());
    assert!(serde_json::from_str::<Task>(r#"["t1"]"#).is_err());
}

/// serde's own buffers, for tagged enums and `flatten`, hold numbers of 64 bits: larger ones are rounded there, and only
/// there. In JSON without such a container, every digit is kept; with `arbitrary_precision` of `serde_json`, also with one.
#[test]
fn numbers_over_64_bits_are_rounded_in_a_buffer_only() {
    let big = "340282366920938463463374607431768211457";
    let text = format!(r#"{{"uid":"t1","new":{big}}}"#);
    assert_eq!(serde_json::to_string(&serde_json::from_str::<Task>(&text).unwrap()).unwrap(), text);

    let tagged = format!(r#"{{"kind":"task","uid":"t1","new":{big}}}"#);
    let Internal::Task(task) = serde_json::from_str(&tagged).unwrap() else { panic!("a task") };
    let is_rounded = serde_json::from_str::<serde_json::Value>(big).unwrap().to_string().contains('e');
    assert_eq!(task.extra.get("new").unwrap().get(), if is_rounded { "3.402823669209385e+38" } else { big });
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
