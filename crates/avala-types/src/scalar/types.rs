//! The scalars of models: integers, floating point numbers, booleans and strings.

use serde::de::{self, Deserializer, Unexpected, Visitor};

use super::{Scalar, scalar_field, wrong_type, wrong_value};
use crate::plain_json::PlainJson;
use crate::refused_text::TEXT;

/// 2^53: below it, each integer has its own floating point number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns the integer that a floating point number stands for: `12.0` is 12, and `12.5` is none.
#[expect(clippy::cast_possible_truncation, reason = "checked to be an integer in range")]
fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64)
}

macro_rules! integer {
    ($($ty:ty),+) => {$(
        impl Scalar for $ty {
            const EXPECTED: &'static str = "an integer";

            fn from_u64<E: de::Error>(value: u64) -> Result<Self, E> {
                value.try_into().map_err(|_| wrong_value::<Self, E>(Unexpected::Unsigned(value)))
            }

            fn from_i64<E: de::Error>(value: i64) -> Result<Self, E> {
                value.try_into().map_err(|_| wrong_value::<Self, E>(Unexpected::Signed(value)))
            }

            fn from_f64<E: de::Error>(value: f64) -> Result<Self, E> {
                let read = whole(value).and_then(|whole| whole.try_into().ok());
                read.ok_or_else(|| wrong_type::<Self, E>(Unexpected::Float(value)))
            }

            fn is_unset(&self) -> bool {
                *self == 0
            }

            #[inline]
            fn ask_any<'de, D: Deserializer<'de>, V: Visitor<'de>>(
                deserializer: D,
                visitor: V,
            ) -> Result<V::Value, D::Error> {
                // It has the digits of a floating point number, which is not exact from 2^53 on, and reads any other form
                // too; elsewhere that would be an error.
                if PlainJson::is::<D>() {
                    return deserializer.deserialize_i64(visitor);
                }
                deserializer.deserialize_any(visitor)
            }
        }
    )+};
}

integer!(u16, u32, u64, i64);

impl Scalar for f64 {
    const EXPECTED: &'static str = "a number, or a string that holds one";

    fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
        // `parse` also takes "inf" and "NaN", which JSON could not carry back.
        let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| wrong_value::<Self, E>(TEXT))
    }

    fn from_u64<E: de::Error>(value: u64) -> Result<Self, E> {
        Ok(value as f64)
    }

    fn from_i64<E: de::Error>(value: i64) -> Result<Self, E> {
        Ok(value as f64)
    }

    fn from_f64<E: de::Error>(value: f64) -> Result<Self, E> {
        if value.is_finite() { Ok(value) } else { Err(wrong_value::<Self, E>(Unexpected::Float(value))) }
    }

    fn is_unset(&self) -> bool {
        *self == 0.0
    }

    #[inline]
    fn ask_any<'de, D: Deserializer<'de>, V: Visitor<'de>>(deserializer: D, visitor: V) -> Result<V::Value, D::Error> {
        // It reads any other form too; elsewhere a string would be an error.
        if PlainJson::is::<D>() {
            return deserializer.deserialize_f64(visitor);
        }
        deserializer.deserialize_any(visitor)
    }
}

impl Scalar for bool {
    const EXPECTED: &'static str = "a boolean";

    fn from_bool<E: de::Error>(value: bool) -> Result<Self, E> {
        Ok(value)
    }

    fn is_unset(&self) -> bool {
        !self
    }
}

impl Scalar for String {
    const EXPECTED: &'static str = "a string";

    fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
        Ok(text.to_owned())
    }

    fn from_string<E: de::Error>(text: String) -> Result<Self, E> {
        Ok(text)
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }

    fn ask<'de, D: Deserializer<'de>, V: Visitor<'de>>(deserializer: D, visitor: V) -> Result<V::Value, D::Error> {
        deserializer.deserialize_string(visitor)
    }
}

scalar_field!(bool, u16, u32, u64, i64, f64, String);

#[cfg(test)]
mod tests {
    use crate::field::{Field, Mode, Slot, read_text};

    fn strict<T: Field>(json: &str) -> Result<T, serde_json::Error> {
        read_text(json, Mode::Strict)
    }

    #[test]
    fn float_may_be_a_number_or_a_string_with_a_number() {
        assert_eq!(strict::<f64>("0.85").unwrap(), 0.85);
        assert_eq!(strict::<f64>("\"0.85\"").unwrap(), 0.85);
        assert_eq!(strict::<f64>("-3").unwrap(), -3.0);
        assert_eq!(strict::<Option<f64>>("\"1e3\"").unwrap(), Some(1000.0));
        assert_eq!(strict::<Option<f64>>("null").unwrap(), None);
        // To the last digit, either way.
        assert_eq!(
            strict::<f64>("0.4488131310030626560").unwrap(),
            strict::<f64>("\"0.4488131310030626560\"").unwrap()
        );
        assert_eq!(strict::<f64>("1.2720213764719709e266").unwrap().to_bits(), 1.2720213764719709e266_f64.to_bits());
        for refused in ["\"NaN\"", "\"inf\"", "\"\"", "\"0,85\"", "true", "null", "[]"] {
            assert!(strict::<f64>(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn integer_may_have_a_point_and_no_fraction() {
        assert_eq!(strict::<u64>("12.0").unwrap(), 12);
        assert_eq!(strict::<u64>("1e3").unwrap(), 1000);
        assert_eq!(strict::<u64>("-0.0").unwrap(), 0);
        assert_eq!(strict::<i64>("-12.0").unwrap(), -12);
        assert_eq!(strict::<u64>("18446744073709551615").unwrap(), u64::MAX);
        assert_eq!(strict::<u64>("9007199254740993.0").unwrap(), 9_007_199_254_740_993);
        for refused in ["12.5", "-1", "-1.0", "1e300", "9007199254740993.5", "\"12\"", "true", "[12]"] {
            assert!(strict::<u64>(refused).is_err(), "{refused}");
        }
        assert!(strict::<u16>("65536.0").is_err() && strict::<u16>("65536").is_err());
    }

    #[test]
    fn unexpected_form_is_kept_unless_the_mode_is_strict() {
        for json in ["\"\"", "\"a\\nb\"", "true", "-7", "1.25", "[1,[{}]]", "{\"a\":{\"b\":null}}"] {
            assert!(strict::<Option<u64>>(json).is_err(), "{json}");
            for mode in [Mode::Tolerant, Mode::Exact] {
                let slot = u64::read_slot(&mut serde_json::Deserializer::from_str(json), mode).unwrap();
                assert!(matches!(slot, Slot::Odd(kept) if kept.get() == json), "{json} {mode:?}");
            }
        }
    }
}
