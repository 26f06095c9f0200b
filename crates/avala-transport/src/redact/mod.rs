//! Redacts secrets, for errors, logs and your own layers.
//!
//! Servers repeat request values in their messages, and libraries repeat their input. [`text`] replaces values that
//! look like a secret, and values that follow a secret name. Names are certain only in structured data, so check
//! decoded fields with [`is_secret_name`] and texts with [`text`].
//!
//! The work is linear in the length of the text, and no function fails.

mod escapes;
mod markup;
mod names;
mod printable;
mod replace;
mod scan;
mod shapes;
mod source;
mod values;

pub use self::names::is_secret_name;
pub use self::printable::one_line;
pub use self::replace::{REDACTED, display, shorten, text};
pub use self::source::source;
