//! Tests of avala-limits-redis.
