//! Models inside other serde containers and formats survive with any unknown field, in both directions.

use std::fmt::Debug;

use avala_types::{Dataset, DatasetItem, Json, Task};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::cases;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Item(DatasetItem),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
enum Adjacent {
    Item(DatasetItem),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "what a user would write first")]
enum Untagged {
    // Needs fields that an item does not have, so that the second variant is reached.
    Dataset(Dataset),
    Item(DatasetItem),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    queue: String,
    #[serde(flatten)]
    item: DatasetItem,
}

/// Returns a value that every format can hold: JSON with numbers of 64 bits.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_filter_map("finite", Number::from_f64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let object = prop::collection::vec((text(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Generates any text, and texts that YAML has to quote. The private names of `serde_json` are not among them: its own
/// `Value` cannot hold them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,8}", Just("~".to_owned())]
}

/// Returns an item with a free-form field, unknown fields, and a known field of an unexpected form.
fn item() -> impl Strategy<Value = DatasetItem> {
    let unknown = prop::collection::vec(("x_[a-z]{1,6}", value()), 0..4);
    (value(), unknown, value()).prop_map(|(metadata, unknown, created_at)| {
        let mut fields: Map<String, Value> = unknown.into_iter().collect();
        fields.insert("uid".to_owned(), "i1".into());
        fields.insert("metadata".to_owned(), metadata);
        fields.insert("created_at".to_owned(), created_at);
        serde_json::from_value(Value::Object(fields)).unwrap()
    })
}

/// Writes a value in every format and reads it back.
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(value).unwrap();
    prop_assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "from_str of {}", json);
    prop_assert_eq!(&serde_json::from_reader::<_, T>(json.as_bytes()).unwrap(), value, "from_reader of {}", json);
    let tree = serde_json::to_value(value).unwrap();
    prop_assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value, "from_value of {}", json);
    let yaml = serde_yaml_ng::to_string(value).unwrap();
    prop_assert_eq!(&serde_yaml_ng::from_str::<T>(&yaml).unwrap(), value, "YAML {}", yaml);
    let packed = rmp_serde::to_vec_named(value).unwrap();
    prop_assert_eq!(&rmp_serde::from_slice::<T>(&packed).unwrap(), value, "MessagePack of {}", json);
    Ok(())
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn item_with_any_fields_survives_every_container(item in item()) {
        survives(&item)?;
        survives(&Internal::Item(item.clone()))?;
        survives(&Adjacent::Item(item.clone()))?;
        survives(&Untagged::Item(item.clone()))?;
        survives(&Flat { queue: "q".to_owned(), item: item.clone() })?;
        survives(&vec![item])?;
    }

    #[test]
    fn free_form_value_is_the_same_in_every_format(value in value()) {
        let json = Json::from(value.clone());
        survives(&json)?;
        let yaml: Json = serde_yaml_ng::from_str(&serde_yaml_ng::to_string(&value).unwrap()).unwrap();
        prop_assert_eq!(&yaml, &json);
        let packed: Json = rmp_serde::from_slice(&rmp_serde::to_vec_named(&value).unwrap()).unwrap();
        prop_assert_eq!(&packed, &json);
    }

    #[test]
    fn field_of_any_form_is_kept_in_a_tagged_enum(value in value()) {
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        enum Job { Task(Task) }
        let tree = serde_json::json!({"kind": "Task", "uid": "t1", "created_at": value});
        let Job::Task(task) = serde_json::from_value(tree).unwrap();
        let kept = task.extra.get("created_at").map(Json::get).map(|text| serde_json::from_str::<Value>(text).unwrap());
        match task.created_at {
            Some(_) => prop_assert_eq!(kept, None),
            None if value.is_null() => prop_assert_eq!(kept, None),
            None => prop_assert_eq!(kept, Some(value)),
        }
    }
}
