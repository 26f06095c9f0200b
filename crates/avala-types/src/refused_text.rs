//! Refuses strings without repeating them.

use serde::de::Unexpected;

/// A string in an error. Its text is left out, because it may be a secret in the wrong place; numbers and booleans are
/// shown.
pub(crate) const TEXT: Unexpected<'static> = Unexpected::Other("string");

/// Refuses a string in a visitor that does not expect one. serde's own method would repeat the text.
macro_rules! refuse_text {
    () => {
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(E::invalid_type($crate::refused_text::TEXT, &self))
        }
    };
}
pub(crate) use refuse_text;
