//! Open enumerations: the values that this version knows, and every other one as it came.

use std::fmt;

/// A value that this version of the crate does not know, kept as it came.
///
/// It can only be made by converting text into an open enumeration, so that a known value never hides in here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherValue(Box<str>);

impl OtherValue {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The value as the server wrote it.
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
        /// Open: a value that this version does not know becomes `Other`, and is printed and encoded unchanged.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// A value that this version does not know.
            Other($crate::OtherValue),
        }

        impl $name {
            /// The values that this version knows, as they are on the wire.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// The value as it is on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Other(other) => other.as_str(),
                }
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

        /// Lets a filter take a value by reference.
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

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::field::read_str(deserializer, |text| Self::from(text))
            }
        }

        $crate::field::plain_field!($name);
        $crate::patch::patch_from!($name: &str, String, &$name);
    )*};
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use crate::{DataType, TaskStatus};

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
