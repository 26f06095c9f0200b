//! Each payload with only its required fields, with all fields, and with all fields cleared.

mod agents;
mod annotations;
mod contract;
mod datasets;
mod fleet;
mod fleet_uploads;
mod manual_uploads;
mod organizations;
mod projects;
mod sample;
mod services;
mod snapshots;

use sample::Sample;

/// Returns the samples of every payload, by the resource that they belong to.
fn resources() -> [(&'static str, Vec<Sample>); 9] {
    [
        ("agents", agents::samples()),
        ("annotations", annotations::samples()),
        ("datasets", datasets::samples()),
        ("fleet", fleet::samples()),
        ("fleet_uploads", fleet_uploads::samples()),
        ("manual_uploads", manual_uploads::samples()),
        ("organizations", organizations::samples()),
        ("projects", projects::samples()),
        ("services", services::samples()),
    ]
}

fn samples() -> Vec<Sample> {
    resources().into_iter().flat_map(|(_, samples)| samples).collect()
}
