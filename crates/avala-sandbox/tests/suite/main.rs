//! The sandbox over real HTTP. Every test starts its own.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests may panic, also in their helpers")]

mod agents;
mod annotation_issues;
mod annotations;
mod announcements;
mod auth;
mod auto_label_jobs;
mod binary;
mod client;
mod consensus;
mod control;
mod datasets;
mod demo_data;
mod django;
mod downloads;
mod errors;
mod exports;
mod faults;
mod filters;
mod fleet;
mod fleet_uploads;
mod inference_providers;
mod life;
mod lifetime;
mod managed_uploads;
mod manual_uploads;
mod organizations;
mod other_clients;
mod outcomes;
mod pages;
mod projects;
mod public_datasets;
mod quality_targets;
mod rate_limit;
mod receiver;
mod request_log;
mod routes;
mod signup;
mod slices;
mod storage_client;
mod storage_configs;
mod storage_host;
#[cfg(feature = "tls")]
mod tls;
mod unread_heads;
mod validation;
mod webhook_deliveries;
mod webhooks;
