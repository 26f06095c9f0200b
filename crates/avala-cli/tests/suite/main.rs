//! Tests of avala-cli.
