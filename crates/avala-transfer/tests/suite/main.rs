//! Tests of avala-transfer.
