//! Comparison of identifiers and enumerations with text, in both orders.

/// Implements `PartialEq` between a type with `as_str` and the types of text.
macro_rules! text_eq {
    ($name:ident) => {
        $crate::text_eq::text_eq!($name: str, &str, String, std::borrow::Cow<'_, str>);
    };
    ($name:ident: $($text:ty),+) => {$(
        impl PartialEq<$text> for $name {
            fn eq(&self, other: &$text) -> bool {
                let other: &str = other.as_ref();
                self.as_str() == other
            }
        }

        impl PartialEq<$name> for $text {
            fn eq(&self, other: &$name) -> bool {
                let this: &str = self.as_ref();
                this == other.as_str()
            }
        }
    )+};
}
pub(crate) use text_eq;
