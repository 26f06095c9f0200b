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

/// How often a property is tried. All of them together stay under ten seconds without optimization.
fn cases(cases: u32) -> Config {
    // A failure is printed with its input, which then becomes a test of its own; nothing is kept in files.
    Config { cases, failure_persistence: None, ..Config::default() }
}
