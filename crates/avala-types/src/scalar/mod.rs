//! Numbers, booleans and strings in models, and which JSON forms of them are accepted.

mod types;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::field::{Field, Mode, Slot, captured};
use crate::json::Json;
use crate::json::any;
use crate::refused_text::TEXT;

/// A scalar: decoded from a JSON string, number or boolean.
///
/// A form without an implementation is rejected with serde's error for a wrong type.
pub(crate) trait Scalar: Sized {
    /// The expected form, as error messages name it.
    const EXPECTED: &'static str;

    fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
        let _ = text;
        Err(wrong_type::<Self, E>(TEXT))
    }

    fn from_string<E: de::Error>(text: String) -> Result<Self, E> {
        Self::from_text(&text)
    }

    fn from_bool<E: de::Error>(value: bool) -> Result<Self, E> {
        Err(wrong_type::<Self, E>(Unexpected::Bool(value)))
    }

    fn from_u64<E: de::Error>(value: u64) -> Result<Self, E> {
        Err(wrong_type::<Self, E>(Unexpected::Unsigned(value)))
    }

    fn from_i64<E: de::Error>(value: i64) -> Result<Self, E> {
        Err(wrong_type::<Self, E>(Unexpected::Signed(value)))
    }

    fn from_f64<E: de::Error>(value: f64) -> Result<Self, E> {
        Err(wrong_type::<Self, E>(Unexpected::Float(value)))
    }

    /// Returns whether a plain field of this type has the value that a missing field has.
    fn is_unset(&self) -> bool {
        false
    }

    /// Asks the input for a value. Formats whose scalars have no clear type, such as YAML, need to know which.
    fn ask<'de, D: Deserializer<'de>, V: Visitor<'de>>(deserializer: D, visitor: V) -> Result<V::Value, D::Error> {
        Self::ask_any(deserializer, visitor)
    }

    /// Asks the input for a value of any form, which may be an unexpected one.
    #[inline]
    fn ask_any<'de, D: Deserializer<'de>, V: Visitor<'de>>(deserializer: D, visitor: V) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(visitor)
    }
}

#[cold]
pub(crate) fn wrong_type<T: Scalar, E: de::Error>(unexpected: Unexpected<'_>) -> E {
    E::invalid_type(unexpected, &T::EXPECTED)
}

#[cold]
pub(crate) fn wrong_value<T: Scalar, E: de::Error>(unexpected: Unexpected<'_>) -> E {
    E::invalid_value(unexpected, &T::EXPECTED)
}

/// Reads a scalar that must be present.
#[inline]
pub(crate) fn read<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    match T::ask(deserializer, ScalarVisitor::<T> { mode: Mode::Strict, is_required: true, scalar: PhantomData })? {
        Slot::Value(value) => Ok(value),
        Slot::Null | Slot::Odd(_) => Err(wrong_type::<T, _>(Unexpected::Unit)),
    }
}

/// Reads a scalar that may be null, or of an unexpected form.
#[inline]
pub(crate) fn read_slot<'de, T: Scalar + Field, D: Deserializer<'de>>(
    deserializer: D,
    mode: Mode,
) -> Result<Slot<T>, D::Error> {
    if mode == Mode::Exact {
        return captured(deserializer);
    }
    T::ask_any(deserializer, ScalarVisitor::<T> { mode, is_required: false, scalar: PhantomData })
}

struct ScalarVisitor<T> {
    mode: Mode,
    /// Whether null is an error. It is raised here, where the position in the input is known.
    is_required: bool,
    scalar: PhantomData<T>,
}

impl<T> ScalarVisitor<T> {
    /// Keeps the unexpected value if the mode allows it; otherwise returns the error.
    #[inline]
    fn slot<E>(&self, read: Result<T, E>, found: impl FnOnce() -> Result<Json, E>) -> Result<Slot<T>, E> {
        match read {
            Ok(value) => Ok(Slot::Value(value)),
            Err(error) if self.mode == Mode::Strict => Err(error),
            Err(_) => found().map(Slot::Odd),
        }
    }
}

impl<'de, T: Scalar> Visitor<'de> for ScalarVisitor<T> {
    type Value = Slot<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    #[inline]
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Slot<T>, E> {
        self.slot(T::from_text(text), || any::text(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Slot<T>, E> {
        if self.mode == Mode::Strict { T::from_string(text).map(Slot::Value) } else { self.visit_str(&text) }
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Slot<T>, E> {
        self.slot(T::from_bool(value), || any::scalar(value))
    }

    #[inline]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Slot<T>, E> {
        self.slot(T::from_u64(value), || any::scalar(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Slot<T>, E> {
        self.slot(T::from_i64(value), || any::scalar(value))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Slot<T>, E> {
        self.slot(Err(wrong_type::<T, E>(Unexpected::Other("a large integer"))), || any::scalar(value))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Slot<T>, E> {
        self.slot(Err(wrong_type::<T, E>(Unexpected::Other("a large integer"))), || any::scalar(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Slot<T>, E> {
        self.slot(T::from_f64(value), || any::float(value))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Slot<T>, E> {
        self.slot(Err(wrong_type::<T, E>(Unexpected::Bytes(bytes))), || any::bytes(bytes))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Slot<T>, E> {
        if self.is_required { Err(wrong_type::<T, E>(Unexpected::Unit)) } else { Ok(Slot::Null) }
    }

    fn visit_none<E: de::Error>(self) -> Result<Slot<T>, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Slot<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Slot<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Slot<T>, A::Error> {
        if self.mode == Mode::Strict {
            return Err(wrong_type::<T, _>(Unexpected::Seq));
        }
        any::list(list).map(Slot::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Slot<T>, A::Error> {
        // The object of a text is not one of the numbers that `serde_json` may pass as objects. Reading its key would
        // only move the position of the error, so it is harmless if the name of this type changes.
        let is_object = std::any::type_name::<A>().starts_with("serde_json::de::MapAccess<");
        if self.mode == Mode::Strict && is_object {
            return Err(wrong_type::<T, _>(Unexpected::Map));
        }
        let json = any::object(map)?;
        match json.get().starts_with('{') {
            true => self.slot(Err(wrong_type::<T, _>(Unexpected::Map)), || Ok(json)),
            false => self.slot(from_number_text(json.get()), || Ok(json)),
        }
    }
}

/// Reads a number from its text, as `serde_json` reads it without the feature `arbitrary_precision`.
fn from_number_text<T: Scalar, E: de::Error>(text: &str) -> Result<T, E> {
    // Zero has a sign only as a floating point number.
    let is_integer = text != "-0";
    if let Some(value) = text.parse().ok().filter(|_| is_integer) {
        return T::from_u64(value);
    }
    if let Some(value) = text.parse().ok().filter(|_| is_integer) {
        return T::from_i64(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => T::from_f64(value),
        _ => Err(wrong_value::<T, E>(Unexpected::Other("a number out of range"))),
    }
}

/// Implements [`Field`] for scalars.
macro_rules! scalar_field {
    ($($ty:ty),+ $(,)?) => {$(
        impl $crate::field::Field for $ty {
            const IS_COMPOUND: bool = false;

            #[inline]
            fn read<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
                _: $crate::field::Mode,
            ) -> Result<Self, D::Error> {
                $crate::scalar::read(deserializer)
            }

            #[inline]
            fn read_slot<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
                mode: $crate::field::Mode,
            ) -> Result<$crate::field::Slot<Self>, D::Error> {
                $crate::scalar::read_slot(deserializer, mode)
            }

            fn is_unset(&self) -> bool {
                $crate::scalar::Scalar::is_unset(self)
            }
        }
    )+};
}
pub(crate) use scalar_field;

/// Implements `Deserialize` and [`Field`] for a scalar of this crate.
macro_rules! scalar {
    ($ty:ty) => {
        impl<'de> serde::Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::scalar::read(deserializer)
            }
        }

        $crate::scalar::scalar_field!($ty);
    };
}
pub(crate) use scalar;

/// Implements `Serialize`, `Deserialize` and [`Field`] for a newtype of a string.
macro_rules! text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl $crate::scalar::Scalar for $name {
            const EXPECTED: &'static str = "a string";

            fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E> {
                Ok(Self::from(text))
            }

            fn from_string<E: serde::de::Error>(text: String) -> Result<Self, E> {
                Ok(Self::from(text))
            }

            fn ask<'de, D, V>(deserializer: D, visitor: V) -> Result<V::Value, D::Error>
            where
                D: serde::Deserializer<'de>,
                V: serde::de::Visitor<'de>,
            {
                deserializer.deserialize_string(visitor)
            }
        }

        $crate::scalar::scalar!($name);
    };
}
pub(crate) use text;
