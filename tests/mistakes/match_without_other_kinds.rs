//! A match that does not expect further kinds of errors.

use avala_client::ErrorKind;

pub fn is_worth_a_ticket(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::NotFound => false,
        ErrorKind::Decode => true,
    }
}
