//! Fields of updates: keep, clear or set.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::field::{Field, Mode, Slot};

/// The change of a nullable field: keep, clear (null) or set.
///
/// Payloads use it for fields that the API can set to null. The setters accept a value, `Patch::Null`,
/// or an `Option`, whose `None` clears the field:
///
/// ```
/// use avala_types::Patch;
///
/// assert_eq!(Patch::from("new".to_owned()), Patch::Value("new".to_owned()));
/// assert_eq!(Patch::<String>::from(None), Patch::Null);
/// assert_eq!(Patch::<String>::default(), Patch::Keep);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// Keeps the value: the field is not sent.
    #[default]
    Keep,
    /// Clears the value: null is sent.
    Null,
    /// Sets the value.
    Value(T),
}

impl<T> Patch<T> {
    /// Returns the new value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Keep | Self::Null => None,
        }
    }

    /// Applies the update to a field, for servers and fakes.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Null => *field = None,
            Self::Value(value) => *field = Some(value),
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

/// Converts a plain value for setters of patches.
macro_rules! patch_from {
    ($ty:ty: $($from:ty),+) => {$(
        impl From<$from> for $crate::Patch<$ty> {
            fn from(value: $from) -> Self {
                Self::Value(value.into())
            }
        }
    )+};
}
pub(crate) use patch_from;

patch_from!(String: &str);

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de, T: Field> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer, Mode::Strict)
    }
}

impl<T: Field> Field for Patch<T> {
    const IS_COMPOUND: bool = T::IS_COMPOUND;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        Option::<T>::read(deserializer, mode).map(Self::from)
    }

    fn read_slot<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Slot<Self>, D::Error> {
        Ok(match T::read_slot(deserializer, mode)? {
            Slot::Null => Slot::Value(Self::Null),
            Slot::Value(value) => Slot::Value(Self::Value(value)),
            Slot::Odd(json) => Slot::Odd(json),
        })
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ProjectUid;
    use crate::json::Json;
    use crate::visibility::Visibility;

    #[test]
    fn it_does_what_it_says_to_a_field() {
        let apply = |patch: Patch<u64>, mut field| {
            patch.apply(&mut field);
            field
        };
        assert_eq!(apply(Patch::Keep, Some(1)), Some(1));
        assert_eq!(apply(Patch::Null, Some(1)), None);
        assert_eq!(apply(Patch::Value(2), Some(1)), Some(2));
    }

    #[test]
    fn it_is_made_of_what_its_value_is_made_of() {
        let uid = ProjectUid::from("p1");
        assert_eq!(Patch::from(&uid), Patch::Value(uid.clone()));
        assert_eq!(Patch::<ProjectUid>::from("p1"), Patch::Value(uid));
        assert_eq!(Patch::<Visibility>::from("public"), Patch::Value(Visibility::Public));
        assert_eq!(Patch::<Json>::from(serde_json::json!(null)), Patch::Value(serde_json::json!(null).into()));
    }
}
