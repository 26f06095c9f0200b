//! The `avala` program.

fn main() {}
