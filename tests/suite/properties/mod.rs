//! Properties that hold for every input, tested with random ones.

mod containers;
mod decoders;
mod enumerations;
mod free_form;
mod json_text;
mod lists;
mod numbers;
mod timestamps;

use proptest::test_runner::Config;

/// Sets how often a property is tried. All properties together take less than ten seconds without optimization.
fn cases(cases: u32) -> Config {
    // A failure is printed with its input, which then becomes a test of its own; nothing is kept in files.
    Config { cases, failure_persistence: None, ..Config::default() }
}
