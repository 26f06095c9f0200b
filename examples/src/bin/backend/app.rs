//! The state that all handlers share, and the routes.

use std::time::Duration;

use avala_client::Avala;
use avala_client::transport::Priority;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio_util::task::TaskTracker;

use crate::api_error::ApiError;
use crate::exports::{self, Exports};
use crate::metrics::Metrics;
use crate::paging;

/// Shared by all handlers. Clones are cheap: a client is one reference count.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) avala: Avala,
    pub(crate) exports: Exports,
    /// Tasks that outlive the request that started them.
    pub(crate) tasks: TaskTracker,
    metrics: Metrics,
}

impl App {
    pub(crate) fn new(avala: Avala, metrics: Metrics) -> Self {
        Self { avala, exports: Exports::default(), tasks: TaskTracker::new(), metrics }
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/health", get(async || "alive"))
            .route("/ready", get(ready))
            .route("/metrics", get(metrics))
            .route("/tasks", get(paging::tasks))
            .route("/exports", post(exports::create))
            .route("/exports/{uid}", get(exports::show))
            .with_state(self.clone())
    }

    /// Waits until all exports have ended, at most for this time. Returns the number of unfinished exports.
    pub(crate) async fn drain(&self, time: Duration) -> usize {
        self.tasks.close();
        let _ = tokio::time::timeout(time, self.tasks.wait()).await;
        self.tasks.len()
    }
}

/// Returns whether the process can serve, for a load balancer; `/health` says only that it is alive.
async fn ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    // Ahead of the calls that wait for the rate limit, and without retries, because the load balancer asks again.
    let call = app.avala.users().get_permissions();
    call.priority(Priority::High).timeout(Duration::from_secs(2)).max_attempts(1).await?;
    Ok("ready")
}

async fn metrics(State(app): State<App>) -> (StatusCode, String) {
    (StatusCode::OK, app.metrics.to_string())
}
