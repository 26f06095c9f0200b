//! How a field of a model is read and written: the tolerance that the API asks of its readers, in one place.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// A type that may be a field of a model.
///
/// It is `Deserialize` with three differences: a floating point number may come as a string, an optional field
/// may be null as well as missing, and a field can say that it has nothing to write.
pub(crate) trait Field: Sized {
    /// Reads a value that must be there.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Reads a value that may be null.
    fn read_or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>
    where
        Self: Default,
    {
        Ok(Option::<Via<Self>>::deserialize(deserializer)?.map(|via| via.0).unwrap_or_default())
    }

    /// Whether the field is left out when the model is written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Makes a [`Field`] readable where serde wants a `Deserialize`.
pub(crate) struct Via<T>(pub(crate) T);

impl<'de, T: Field> Deserialize<'de> for Via<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Via)
    }
}

/// [`Via`] for a field that may be null.
pub(crate) struct ViaDefault<T>(pub(crate) T);

impl<'de, T: Field + Default> Deserialize<'de> for ViaDefault<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read_or_default(deserializer).map(ViaDefault)
    }
}

/// Implements [`Field`] for types that need no more tolerance than their own `Deserialize` has.
macro_rules! plain_field {
    ($($ty:ty),+ $(,)?) => {$(
        impl $crate::field::Field for $ty {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }
        }
    )+};
}
pub(crate) use plain_field;

plain_field!(bool, u16, u32, u64, i64, String, IgnoredAny);

/// Implements `Serialize`, `Deserialize` and [`Field`] for a type that is written and read as what it holds.
macro_rules! transparent {
    ($name:ident { $held:tt }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.$held.serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer).map(|held| Self { $held: held })
            }
        }

        $crate::field::plain_field!($name);
    };
}
pub(crate) use transparent;

impl Field for f64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = f64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a string that holds one")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<f64, E> {
                Ok(number)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<f64, E> {
                Ok(number as f64)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<f64, E> {
                Ok(number as f64)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
                // `parse` also takes "inf" and "NaN", which JSON could not carry back.
                let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
                number.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Number)
    }
}

impl<T: Field> Field for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Via<T>>::deserialize(deserializer)?.map(|via| via.0))
    }

    fn read_or_default<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Field> Field for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);

        impl<'de, T: Field> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(Via(item)) = list.next_element()? {
                    items.push(item);
                }
                Ok(items)
            }
        }

        deserializer.deserialize_seq(List(PhantomData))
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, Via<T>>::deserialize(deserializer)?;
        Ok(map.into_iter().map(|(key, via)| (key, via.0)).collect())
    }
}

/// Reads a string without keeping it, and makes a value of it.
pub(crate) fn read_str<'de, D, T>(deserializer: D, make: impl FnOnce(&str) -> T) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    try_read_str(deserializer, "a string", |text| Ok::<T, &str>(make(text)))
}

/// Reads a string without keeping it, and makes a value of it or says why that cannot be done.
pub(crate) fn try_read_str<'de, D, T, E>(
    deserializer: D,
    expected: &'static str,
    make: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    struct Text<F>(&'static str, F);

    impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<X: de::Error>(self, text: &str) -> Result<T, X> {
            (self.1)(text).map_err(X::custom)
        }
    }

    deserializer.deserialize_str(Text(expected, make))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Field>(json: &str) -> Result<T, serde_json::Error> {
        T::read(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn a_float_may_be_a_number_or_a_string_with_a_number() {
        assert_eq!(read::<f64>("0.85").unwrap(), 0.85);
        assert_eq!(read::<f64>("\"0.85\"").unwrap(), 0.85);
        assert_eq!(read::<f64>("-3").unwrap(), -3.0);
        assert_eq!(read::<Option<f64>>("\"1e3\"").unwrap(), Some(1000.0));
        assert_eq!(read::<Option<f64>>("null").unwrap(), None);
        // To the last digit, either way.
        assert_eq!(read::<f64>("0.4488131310030626560").unwrap(), read::<f64>("\"0.4488131310030626560\"").unwrap());
        assert_eq!(read::<f64>("1.2720213764719709e266").unwrap().to_bits(), 1.2720213764719709e266_f64.to_bits());
        for refused in ["\"NaN\"", "\"inf\"", "\"\"", "\"0,85\"", "true", "null", "[]"] {
            assert!(read::<f64>(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn null_stands_for_the_default_only_where_a_field_is_optional() {
        let optional = |json| Vec::<String>::read_or_default(&mut serde_json::Deserializer::from_str(json));
        assert_eq!(optional("null").unwrap(), Vec::<String>::new());
        assert_eq!(optional("[\"a\"]").unwrap(), ["a"]);
        assert!(read::<Vec<String>>("null").is_err());
        assert!(optional("\"a\"").unwrap_err().to_string().contains("expected a list"));
    }
}
