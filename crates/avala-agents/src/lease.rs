//! Renews the lease of a claimed execution in the background, and releases it at the end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use avala_client::types::ExecutionUid;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::claims::{Claim, Claims, Release};

/// A held claim, whose lease is renewed at each third of its duration until this value is dropped.
pub(crate) struct Lease {
    claims: Arc<dyn Claims>,
    execution: ExecutionUid,
    valid_until: Arc<Mutex<Option<Instant>>>,
    lost: CancellationToken,
    renew: Arc<Notify>,
    /// Ends the renewing task.
    _renewing: Option<DropGuard>,
}

impl Lease {
    /// Starts to renew a claim.
    pub(crate) fn hold(claims: &Arc<dyn Claims>, execution: &ExecutionUid, claim: Claim) -> Self {
        let mut lease = Self {
            claims: Arc::clone(claims),
            execution: execution.clone(),
            valid_until: Arc::new(Mutex::new(claim.valid_until)),
            lost: CancellationToken::new(),
            renew: Arc::new(Notify::new()),
            _renewing: None,
        };
        if claim.valid_until.is_some() {
            let stop = CancellationToken::new();
            tokio::spawn(renew(
                Arc::clone(&lease.claims),
                lease.execution.clone(),
                Arc::clone(&lease.valid_until),
                lease.lost.clone(),
                Arc::clone(&lease.renew),
                stop.clone(),
            ));
            lease._renewing = Some(stop.drop_guard());
        }
        lease
    }

    /// Returns whether the lease is valid now. Checked before every `POST`.
    pub(crate) fn is_valid(&self) -> bool {
        let valid_until = *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        !self.lost.is_cancelled() && valid_until.is_none_or(|until| Instant::now() < until)
    }

    /// Waits until the claim is lost.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Returns a token that is cancelled when the claim is lost, or by its holder.
    pub(crate) fn cancellation(&self) -> CancellationToken {
        self.lost.child_token()
    }

    /// Renews the lease immediately.
    pub(crate) fn renew_now(&self) {
        self.renew.notify_one();
    }

    /// Releases the claim.
    pub(crate) async fn release(self, release: Release) {
        if let Err(error) = self.claims.release(&self.execution, release).await {
            // The lease also expires without a release.
            tracing::warn!(execution = %self.execution, error = %error, "the claim was not released");
        }
    }
}

async fn renew(
    claims: Arc<dyn Claims>,
    execution: ExecutionUid,
    valid_until: Arc<Mutex<Option<Instant>>>,
    lost: CancellationToken,
    renew: Arc<Notify>,
    stop: CancellationToken,
) {
    let pause = (claims.lease() / 3).max(Duration::from_millis(10));
    loop {
        let until = *valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::select! {
            () = stop.cancelled() => return,
            () = renew.notified() => {}
            () = tokio::time::sleep(pause) => {}
            // No renewal succeeded, so the claim ends with the lease.
            () = async { tokio::time::sleep_until(until.unwrap_or_else(Instant::now)).await }, if until.is_some() => {
                lost.cancel();
                return;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            renewed = claims.renew(&execution) => match renewed {
                Ok(Some(until)) => *valid_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until),
                Ok(None) => {
                    lost.cancel();
                    return;
                }
                Err(error) => tracing::warn!(execution = %execution, error = %error, "the lease was not renewed"),
            },
            () = async { tokio::time::sleep_until(until.unwrap_or_else(Instant::now)).await }, if until.is_some() => {
                lost.cancel();
                return;
            }
        }
    }
}
