//! Long runs of limits that processes share. They need `redis-server`, except for the fleet.

use crate::outcome::Outcome;
use crate::process::cargo;

const EXAMPLE: [&str; 6] = ["run", "--release", "--quiet", "-p", "avala-limits-redis", "--example"];

/// Runs eight processes against one Redis, undisturbed and with outages, for this many seconds each.
pub(crate) fn soak(arguments: &[&str]) -> Outcome {
    cargo(&[&EXAMPLE[..], &["soak", "--"], arguments].concat())
}

/// Prints the cost of a reservation relative to a bare round trip.
pub(crate) fn cost() -> Outcome {
    cargo(&[&EXAMPLE[..], &["cost"]].concat())
}

/// Simulates fleets of up to 10,000 clients without shared state, and prints the table of docs/performance.md.
pub(crate) fn fleet() -> Outcome {
    let filter = ["--ignored", "--nocapture", "fleets_of_up_to_10000"];
    cargo(&[&["test", "--release", "--quiet", "-p", "avala-transport", "--lib", "--"][..], &filter].concat())
}
