//! The client on scripted services: no socket, and a paused clock, which advances while all tasks wait.

#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail loudly too")]

mod arguments;
#[cfg(feature = "blocking")]
mod blocking;
mod bulk_edit;
mod calls;
mod causes;
mod collect;
mod decoding;
#[cfg(feature = "tracing")]
mod decoding_events;
mod error_bodies;
mod errors;
mod from_transport;
mod handles;
mod limits;
mod links;
mod lists;
mod middleware;
mod mistakes;
mod options;
mod own_uid;
mod paused;
mod public_datasets;
mod raw;
mod resources;
mod secrets;
mod setting_effects;
mod settings;
mod testing;
mod waits;

use avala_client::Avala;
use avala_transport::testing::{ScriptedService, Step};
use serde_json::Value;

/// Returns a step that responds with a value.
fn json(value: &Value) -> Step {
    Step::respond(200).header("content-type", "application/json").body(value.to_string())
}

/// Creates a client directly on a script, without layers.
fn bare(script: &ScriptedService) -> Avala {
    Avala::from_service(script.clone())
}

/// Creates a client with all layers on a script.
fn layered(script: &ScriptedService) -> Avala {
    Avala::builder().api_key("avk_test").service(script.clone()).build().unwrap()
}

/// Returns the paths and queries that were requested from a script.
fn targets(script: &ScriptedService) -> Vec<String> {
    script.requests().iter().map(|request| request.uri.path_and_query().unwrap().to_string()).collect()
}
