//! Open enumerations: known values, and every other value unchanged.

use std::fmt;

/// An enumeration value that this version does not know, kept unchanged.
///
/// It is created only by converting text into an open enumeration, so that it never holds a known value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherValue(Box<str>);

impl OtherValue {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OtherValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Declares an open enumeration: variants with their text on the wire, and `Other` for the rest.
macro_rules! open_enum {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+ }
    )*) => {$(
        $(#[$meta])*
        ///
        /// Open: a value that this version does not know becomes `Other`, and is printed and encoded unchanged. Match
        /// with `_` for all values that a program does not handle: a value that is `Other` today may have its own
        /// variant in a later version. [`as_str`](Self::as_str) reads any value, and `From<&str>` creates one.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// A value that this version does not know. Use `_` to match it, not this variant.
            Other($crate::OtherValue),
        }

        impl $name {
            /// The known values, as they are in JSON.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// Returns the value as in JSON.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Other(other) => other.as_str(),
                }
            }
        }

        /// A string with the known values as examples, because the enumeration is open.
        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "examples": [$($text),+] })
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Other($crate::OtherValue::new(other)),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        /// Lets a filter accept a value by reference.
        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                value.clone()
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        $crate::text_eq::text_eq!($name);
        $crate::setter::converted!($name);

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl From<Box<str>> for $name {
            fn from(text: Box<str>) -> Self {
                Self::from(&*text)
            }
        }

        impl From<std::borrow::Cow<'_, str>> for $name {
            fn from(text: std::borrow::Cow<'_, str>) -> Self {
                Self::from(&*text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        /// Ordered by text.
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::scalar::Scalar for $name {
            const EXPECTED: &'static str = "a string";

            fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E> {
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
        $crate::patch::patch_from!($name: &str, String, &$name);
    )*};
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use crate::dataset::DataType;
    use crate::task::TaskStatus;

    #[test]
    fn known_and_unknown_values_come_back_unchanged() {
        for text in ["image", "hyperspectral", "", "Image", "\u{1F916} \"quoted\"\n"] {
            let value = DataType::from(text);
            assert_eq!(value.as_str(), text);
            assert_eq!(value, text);
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(json, serde_json::to_string(text).unwrap());
            assert_eq!(serde_json::from_str::<DataType>(&json).unwrap(), value);
        }
        assert_eq!(DataType::from("image"), DataType::Image);
        assert!(matches!(DataType::from("Image"), DataType::Other(_)));
    }

    #[test]
    fn known_values_are_listed_and_none_is_other() {
        for text in TaskStatus::KNOWN {
            assert!(!matches!(TaskStatus::from(*text), TaskStatus::Other(_)), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_not_text_is_refused() {
        let error = serde_json::from_str::<DataType>("7").unwrap_err();
        assert!(error.to_string().contains("expected a string"), "{error}");
    }
}
