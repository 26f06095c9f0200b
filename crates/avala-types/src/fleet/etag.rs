//! Tags of stored files.

use std::borrow::{Borrow, Cow};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The tag of a stored file, as the `ETag` header of the storage has it but without quotes.
///
/// ```
/// use avala_types::ETag;
///
/// assert_eq!(ETag::from("\"9e107d9d\""), ETag::from("9e107d9d"));
/// assert_eq!(ETag::from("W/\"9e107d9d\"").as_str(), "9e107d9d");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag(Box<str>);

impl ETag {
    /// Creates a tag from text, with or without quotes.
    #[must_use]
    pub fn new(tag: impl Into<Self>) -> Self {
        tag.into()
    }

    /// Returns the tag without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether nothing is between the quotes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for ETag {
    fn from(tag: &str) -> Self {
        let tag = tag.trim();
        let strong = tag.strip_prefix("W/").unwrap_or(tag);
        let bare = strong.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        Self(bare.unwrap_or(tag).into())
    }
}

macro_rules! from_text {
    ($($text:ty),+) => {$(
        impl From<$text> for ETag {
            fn from(tag: $text) -> Self {
                Self::from(&*tag)
            }
        }
    )+};
}

from_text!(String, Box<str>, Cow<'_, str>);

impl From<&String> for ETag {
    fn from(tag: &String) -> Self {
        Self::from(tag.as_str())
    }
}

impl From<&ETag> for ETag {
    fn from(tag: &ETag) -> Self {
        tag.clone()
    }
}

impl FromStr for ETag {
    type Err = Infallible;

    fn from_str(tag: &str) -> Result<Self, Infallible> {
        Ok(Self::from(tag))
    }
}

impl From<ETag> for String {
    fn from(tag: ETag) -> Self {
        tag.0.into()
    }
}

impl From<ETag> for Box<str> {
    fn from(tag: ETag) -> Self {
        tag.0
    }
}

impl AsRef<str> for ETag {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ETag {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

crate::scalar::text!(ETag);
crate::text_eq::text_eq!(ETag);
crate::setter::converted!(ETag);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn quotes_are_removed_in_pairs_only() {
        for (text, tag) in [
            ("\"a\"", "a"),
            ("a", "a"),
            (" W/\"a\"\n", "a"),
            ("\"\"", ""),
            ("\"", "\""),
            ("\"a", "\"a"),
            ("W/a", "W/a"),
            ("w/\"a\"", "w/\"a\""),
        ] {
            assert_eq!(ETag::from(text), *tag, "{text}");
        }
    }

    #[test]
    fn tag_is_like_a_string() {
        let tag = ETag::new("\"a\"");
        assert_eq!((tag.is_empty(), "\"a\"".parse()), (false, Ok(tag.clone())));
        assert_eq!(HashMap::from([(tag.clone(), 1)]).get("a"), Some(&1));
        assert_eq!(ETag::from(Cow::Borrowed("\"a\"")), ETag::new(&tag));
        assert_eq!(&*Box::<str>::from(ETag::from(Box::<str>::from("\"a\""))), tag.as_ref());
    }
}
