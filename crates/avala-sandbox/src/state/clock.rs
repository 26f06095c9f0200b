//! The time of what happens while the sandbox runs.

use std::time::{Duration, SystemTime};

use avala_types::Timestamp;

/// Now, to the microsecond as the real server writes it. It is never `None`; the fields that it goes into may be.
pub(crate) fn now() -> Option<Timestamp> {
    after(Duration::ZERO)
}

/// So long after now.
pub(crate) fn after(wait: Duration) -> Option<Timestamp> {
    let age = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + wait;
    let micros = Duration::new(age.as_secs(), age.subsec_micros() * 1000);
    Some(Timestamp::from(SystemTime::UNIX_EPOCH + micros))
}

/// When something expires that lives so long from the current second on.
pub(crate) fn expiry(lifetime: Duration) -> Option<Timestamp> {
    let age = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Some(Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_secs(age.as_secs()) + lifetime))
}
