//! The call of a row of the contract.

use std::pin::Pin;

use avala_client::types::Cursor;
use avala_client::{Error, List};

/// A call that has not been sent. It returns the client's error, because the server responds 404.
pub(super) type Sending = Pin<Box<dyn Future<Output = Option<Error>>>>;

/// The calls for one row of the contract.
pub(super) struct Case {
    /// The name of the row.
    pub(super) call: &'static str,
    /// With the required arguments only.
    pub(super) required: Sending,
    /// With all arguments: one call, or several if some arguments exclude each other.
    pub(super) complete: Vec<Sending>,
}

impl Case {
    pub(super) fn new<C, T, E>(name: &'static str, call: C) -> Self
    where
        C: IntoFuture<Output = Result<T, E>, IntoFuture: 'static>,
        E: Into<Error>,
    {
        Self { call: name, required: sending(call), complete: Vec::new() }
    }

    pub(super) fn complete<C, T, E>(mut self, call: C) -> Self
    where
        C: IntoFuture<Output = Result<T, E>, IntoFuture: 'static>,
        E: Into<Error>,
    {
        self.complete.push(sending(call));
        self
    }
}

fn sending<C, T, E>(call: C) -> Sending
where
    C: IntoFuture<Output = Result<T, E>, IntoFuture: 'static>,
    E: Into<Error>,
{
    let future = call.into_future();
    Box::pin(async { future.await.err().map(Into::into) })
}

/// Returns a value for a placeholder: a different value for each, so that they cannot be confused, with special
/// characters of a path.
pub(super) fn id(placeholder: &str) -> String {
    format!("{placeholder}/b c")
}

/// Returns [`id`] in its form on the wire.
pub(super) fn encoded_id(placeholder: &str) -> String {
    format!("{placeholder}%2Fb%20c")
}

/// Parameters of nearly every list.
pub(super) fn paged<T, F>(list: List<T, F>) -> List<T, F> {
    list.limit(5).cursor(Cursor::new("next"))
}
