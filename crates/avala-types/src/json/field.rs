//! JSON as a field of models, and elements of a list as models.

use serde::de::Deserializer;
use serde_json::Value;

use super::any;
use super::{Elements, Json, Text};
use crate::field::{Field, Mode, Required, Slot, read_lenient};
use crate::plain_json;

/// Every form is expected, so there is nothing to read twice.
impl Field for Json {
    const IS_COMPOUND: bool = false;

    #[inline]
    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Self, D::Error> {
        any::deserialize(deserializer)
    }

    #[inline]
    fn read_slot<'de, D: Deserializer<'de>>(deserializer: D, _: Mode) -> Result<Slot<Self>, D::Error> {
        let json = any::deserialize(deserializer)?;
        Ok(if json.get() == "null" { Slot::Null } else { Slot::Value(json) })
    }
}

crate::patch::patch_from!(Json: Value, &Value, &Json);

impl Elements<'_> {
    /// Returns the next element as its text and as a `T`: in one pass over it, and in more if a field is unexpected.
    pub(crate) fn next_as<T: Field>(&mut self) -> Option<Result<(Json, T), serde_json::Error>> {
        let rest = self.start_of_next();
        if let Ok((value, length)) = plain_json::read_first(rest, Required::new(Mode::Strict)) {
            let (text, rest) = rest.split_at_checked(length)?;
            self.rest = rest;
            return Some(Ok((Json(Text::Piece(text.into())), value)));
        }
        // The end of the list, or an element that is not plain.
        let text = self.next()?;
        Some(read_lenient(text.get()).map(|value| (Json(Text::Piece(text.get().into())), value)))
    }
}
