//! The request of one attempt to a [`LimitStore`](super::LimitStore).

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::store::{Decision, Grant, LimitFuture, StoreCall};

/// Interval at which a prefetch asks again whether tokens are free.
const BACKGROUND_PAUSE: Duration = Duration::from_millis(100);

pub(super) enum Asking {
    /// The limits in this process decide.
    Local,
    /// A prefetch does not ask again before this instant.
    Idle {
        again: Option<Instant>,
    },
    Pending {
        decision: LimitFuture,
        call: StoreCall,
    },
    Granted(Grant),
    /// The attempt has ended.
    Done,
}

impl Asking {
    pub(super) fn is_needed(&self) -> bool {
        !matches!(self, Self::Local)
    }

    /// Returns whether it is time to ask the store.
    pub(super) fn is_due(&self, now: Instant, in_background: bool) -> bool {
        match self {
            Self::Idle { again } => !in_background || again.is_none_or(|again| again <= now),
            // The prefetch is awaited now.
            Self::Pending { call, .. } => call.background && !in_background,
            Self::Local | Self::Granted(_) | Self::Done => false,
        }
    }

    /// Returns `true` if the store grants the attempt, `false` if the limits in this process decide, and the wait if
    /// the attempt has no time for it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<bool, Duration>> {
        let (decision, in_background) = match self {
            Self::Pending { decision, call } => (ready!(decision.as_mut().poll(cx)), call.background),
            Self::Granted(_) => return Poll::Ready(Ok(true)),
            Self::Local => return Poll::Ready(Ok(false)),
            Self::Idle { .. } | Self::Done => return Poll::Pending,
        };
        match decision {
            Decision::Granted(grant) => {
                *self = Self::Granted(grant);
                Poll::Ready(Ok(true))
            }
            Decision::Local => {
                *self = Self::Local;
                Poll::Ready(Ok(false))
            }
            Decision::TooLong(_) if in_background => {
                *self = Self::Idle { again: now.checked_add(BACKGROUND_PAUSE) };
                Poll::Pending
            }
            Decision::TooLong(wait) => {
                *self = Self::Done;
                Poll::Ready(Err(wait))
            }
        }
    }

    /// Returns the grant of an attempt that was not sent to the store. Returns whether there was one.
    pub(super) fn put_aside(&mut self) -> bool {
        let was_granted = matches!(self, Self::Granted(_));
        if was_granted {
            *self = Self::Idle { again: None };
        }
        was_granted
    }

    pub(super) fn sent(&mut self) {
        if let Self::Granted(grant) = self {
            grant.used();
        }
    }

    /// Ends the attempt. Returns its grant.
    pub(super) fn finish(&mut self) -> Option<Grant> {
        match std::mem::replace(self, Self::Done) {
            Self::Granted(grant) if grant.has_guard() => Some(grant),
            _ => None,
        }
    }
}
