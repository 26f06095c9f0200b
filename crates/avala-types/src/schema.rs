//! JSON Schemas of models and payloads, with the feature `schemars`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::annotation::BulkEdit;
use crate::cursor::Cursor;
use crate::dataset::TransferDataset;
use crate::fleet::ETag;
use crate::geometry::{Quat, Vec3};
use crate::inference_provider::ProjectRef;
use crate::json::Json;
use crate::page::{CursorPage, RawPageResponse};
use crate::patch::Patch;
use crate::secret::{Secret, SecretJson};
use crate::timestamp::Timestamp;

/// Returns the schema of an object. Unknown properties are allowed, because models keep them.
pub(crate) fn object(required: Vec<(&str, Schema)>, optional: Vec<(&str, Schema)>) -> Schema {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let mut properties = Map::new();
    for (name, schema) in required.iter().chain(&optional) {
        properties.insert((*name).to_owned(), schema.as_value().clone());
    }
    let mut schema = json_schema!({ "type": "object" });
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !names.is_empty() {
        schema.insert("required".to_owned(), Value::from(names));
    }
    schema
}

/// Implements [`JsonSchema`] for a struct of `model!` or `payload!`.
macro_rules! object_schema {
    ($name:ident { $( $rwire:expr => $rty:ty, )* } { $( $owire:expr => $oty:ty, )* }) => {
        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            #[allow(unused_variables, reason = "a struct without fields needs no generator")]
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::schema::object(
                    vec![$( ($rwire, generator.subschema_for::<$rty>()), )*],
                    vec![$( ($owire, generator.subschema_for::<$oty>()), )*],
                )
            }
        }
    };
}
pub(crate) use object_schema;

/// Implements [`JsonSchema`] for an identifier.
macro_rules! string_schema {
    ($name:ident) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    };
}
pub(crate) use string_schema;

/// Implements [`JsonSchema`] for types with a fixed schema.
macro_rules! fixed {
    ($( $ty:ident: $schema:tt, )*) => {$(
        impl JsonSchema for $ty {
            fn schema_name() -> Cow<'static, str> {
                stringify!($ty).into()
            }

            fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

fixed! {
    Timestamp: { "type": "string", "format": "date-time" },
    Json: true,
    Secret: { "type": "string" },
    SecretJson: true,
    ETag: { "type": "string" },
    ProjectRef: { "type": ["string", "integer"] },
    BulkEdit: { "type": "array", "items": { "type": "object" } },
    TransferDataset: { "type": "object", "minProperties": 1, "maxProperties": 1 },
    Vec3: { "type": "object", "required": ["x", "y", "z"] },
    Quat: { "type": "object", "required": ["x", "y", "z", "w"] },
    Cursor: { "type": "string" },
}

/// A page as it is written: an object. The list without links, which is read too, is not in the schema.
impl<T: JsonSchema> JsonSchema for RawPageResponse<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("PageOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let link = generator.subschema_for::<Option<String>>();
        object(
            vec![("results", generator.subschema_for::<Vec<T>>())],
            vec![("next", link.clone()), ("previous", link), ("count", generator.subschema_for::<Option<u64>>())],
        )
    }
}

/// The schema of a [`RawPageResponse`].
impl<T: JsonSchema> JsonSchema for CursorPage<T> {
    fn schema_name() -> Cow<'static, str> {
        RawPageResponse::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        RawPageResponse::<T>::json_schema(generator)
    }
}

/// A value or null.
impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        <Option<T>>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Option<T>>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::UpdateAgent;
    use crate::export::CreateExport;
    use crate::task::Task;

    fn schema<T: JsonSchema>() -> Value {
        schemars::schema_for!(T).to_value()
    }

    #[test]
    fn a_model_lists_its_fields_and_requires_its_identity() {
        let task = schema::<Task>();
        assert_eq!(task["required"], serde_json::json!(["uid"]));
        assert_eq!(task["properties"]["status"]["anyOf"][0]["$ref"], "#/$defs/TaskStatus");
        assert!(task["$defs"]["TaskStatus"]["examples"].as_array().unwrap().contains(&"completed".into()));
        assert!(task.get("additionalProperties").is_none(), "unknown fields are allowed");
    }

    #[test]
    fn fields_of_an_update_accept_null_where_they_can_be_cleared() {
        let update = schema::<UpdateAgent>();
        assert_eq!(update["properties"]["callback_url"]["type"], serde_json::json!(["string", "null"]));
        assert!(update.get("required").is_none());
    }

    #[test]
    fn page_is_an_object_of_its_items() {
        let page = schema::<CursorPage<Task>>();
        assert_eq!(page["title"], "PageOfTask");
        assert_eq!(page["required"], serde_json::json!(["results"]));
        assert_eq!(page["properties"]["results"]["items"]["$ref"], "#/$defs/Task");
        assert_eq!(page["properties"]["next"]["type"], serde_json::json!(["string", "null"]));
        assert_eq!(page, schema::<RawPageResponse<Task>>());
    }

    #[test]
    fn every_kind_of_payload_has_a_schema() {
        assert_eq!(schema::<CreateExport>()["type"], "object");
    }
}
