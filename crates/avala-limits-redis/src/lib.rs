//! Rate limits and agent claims in Redis, shared by many processes.
