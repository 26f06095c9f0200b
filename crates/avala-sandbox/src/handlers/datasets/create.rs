//! New datasets.

use avala_types::{CreateDataset, EventType};
use axum::extract::State;

use crate::app::App;
use crate::error::{Created, created};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::schema::{Dataset, choices};

pub(super) async fn create(State(app): State<App>, Caller(caller): Caller, body: JsonBody) -> Created<Dataset> {
    let payload: CreateDataset = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("slug", Kind::Slug);
        fields.required("data_type", Kind::Choice(choices::DATA_TYPE));
        fields.optional("visibility", Kind::Choice(choices::VISIBILITY));
        for name in ["owner_name", "organization_uid", "gpu_texture_format"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["provider_config", "metadata"] {
            fields.optional(name, Kind::Object);
        }
        for name in ["organization_id", "industry", "license"] {
            fields.optional(name, Kind::Integer);
        }
        for name in ["create_metadata", "is_sequence"] {
            fields.optional(name, Kind::Boolean);
        }
    })?;
    let mut tables = app.tables();
    let owner = tables.new_owner(payload.organization_uid.as_ref(), payload.owner_name.as_ref(), caller)?;
    tables.check_slug_is_free(&owner, &payload.slug)?;

    let mut dataset = Dataset::new("", payload.name, payload.slug);
    dataset.owner_name = Some(owner);
    dataset.is_sequence = payload.is_sequence;
    dataset.visibility = payload.visibility;
    let dataset = tables.add_dataset(dataset, payload.data_type).dataset.clone();
    app.announce(&mut tables, &EventType::DatasetCreated, &dataset);
    created(dataset)
}
