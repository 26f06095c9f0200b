//! Updates.

/// Sets a field that was sent, and keeps it otherwise.
///
/// For fields that can also be cleared there is [`Patch::apply`](avala_types::Patch::apply).
pub(crate) fn set<F, T: Into<F>>(field: &mut F, sent: Option<T>) {
    if let Some(value) = sent {
        *field = value.into();
    }
}
