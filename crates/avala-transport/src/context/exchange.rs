//! One call of the innermost service.

use std::sync::Arc;

use http::{Request, Response};

use crate::body::Body;
use crate::context::CallState;
use crate::context::record::{REFUSED, RESPONDED, Stack, UNKNOWN};
use crate::context::safety::{is_refusal, is_refused};
use crate::error::{Sent, TransportError};

/// One call of the innermost service. If it is dropped before its end, the outcome is unknown.
#[derive(Debug)]
pub(crate) struct Exchange {
    state: CallState,
    ended: bool,
}

impl Exchange {
    /// Starts recording, if the request has a call state of this stack.
    pub(crate) fn begin(request: &Request<Body>, stack: Option<&Arc<Stack>>) -> Option<Self> {
        let state = request.extensions().get::<CallState>().filter(|state| state.is_of(stack));
        let is_attributed = state.is_some_and(|state| {
            let method = request.method();
            state.total().begin(method);
            state.attempt().map_or(stack.is_none(), |attempt| attempt.begin(method))
        });
        if let Some(stack) = stack
            && !is_attributed
        {
            stack.add_stray();
        }
        state.map(|state| Self { state: state.clone(), ended: false })
    }

    pub(crate) fn end(&mut self, result: &Result<Response<Body>, TransportError>) {
        self.end_as(match result {
            Ok(response) if is_refusal(response.status(), response.headers()) => REFUSED,
            Ok(_) => RESPONDED,
            Err(error) if is_refused(error) => REFUSED,
            Err(error) => match error.sent() {
                Sent::No => 0,
                Sent::Maybe => UNKNOWN,
                Sent::Yes => RESPONDED,
            },
        });
    }

    fn end_as(&mut self, how: u32) {
        if !std::mem::replace(&mut self.ended, true) {
            self.state.total().end(how);
            if let Some(attempt) = self.state.attempt() {
                attempt.end(how);
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end_as(UNKNOWN);
    }
}
