//! JSON values that keep the order of their members and every digit of their numbers.

mod reader;

/// A JSON value as the API sent it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    /// The text of a number.
    Number(String),
    Text(String),
    List(Vec<Data>),
    Map(Vec<(String, Data)>),
}

impl Data {
    /// Returns the member of an object; `None` without such a member, or if this is not an object. The last of
    /// repeated names counts.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the value at a path of names and positions, separated by dots.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        if let Some(value) = self.get(path) {
            return Some(value);
        }
        path.split('.').try_fold(self, |value, name| match value {
            Self::List(elements) => elements.get(name.parse::<usize>().ok()?),
            _ => value.get(name),
        })
    }

    /// Returns the text of a string; `None` for anything else.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the text of a member.
    pub(crate) fn text_at(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::as_text)
    }

    /// Returns the number; `None` for any other value.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the identifier of an object: its `uid`, or else its `slug` or `name`.
    pub(crate) fn identity(&self) -> Option<&str> {
        ["uid", "slug", "name", "id"].into_iter().find_map(|name| self.text_at(name))
    }

    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_))
    }

    /// Creates an object.
    pub(crate) fn map<const N: usize>(members: [(&str, Data); N]) -> Self {
        Self::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Data {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Data {
    fn from(value: u64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<usize> for Data {
    fn from(value: usize) -> Self {
        Self::Number(value.to_string())
    }
}

impl<T: Into<Data>> From<Option<T>> for Data {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_are_kept() {
        let text = r#"{"z":1.0,"a":123456789012345678901234567890,"m":{"b":[true,null,"x"]}}"#;
        let data = Data::parse(text).unwrap();
        assert_eq!(crate::output::json::compact(&data), text);
        assert_eq!(data.at("m.b.2").and_then(Data::as_text), Some("x"));
        assert_eq!(data.at("m.c"), None);
    }

    #[test]
    fn every_form_of_json_is_read_as_it_was_written() {
        for (text, expected) in [
            (" [ ] ", "[]"),
            ("{ }", "{}"),
            ("[ 1 , -2.50e+3 ,\n\ttrue,false , null ]", "[1,-2.50e+3,true,false,null]"),
            (r#"{ "a" : { "b" : [ { } , [ ] ] } , "a" : 1 }"#, r#"{"a":{"b":[{},[]]},"a":1}"#),
            (
                r#"["", "\"", "\\", "\\\"", "é\u00e9\ud83d\ude00", "a,b]}:"]"#,
                r#"["","\"","\\","\\\"","éé😀","a,b]}:"]"#,
            ),
            ("\"x\"", "\"x\""),
            ("0", "0"),
        ] {
            let data = Data::parse(text).unwrap();
            assert_eq!(crate::output::json::compact(&data), expected, "{text}");
        }
        for text in ["", "[", "[1,]", "{\"a\"}", "nul", "01", "\"\\ud800\"", "[1] x", "'a'"] {
            assert!(Data::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = format!("{}{}", "[".repeat(127), "]".repeat(127));
        assert!(Data::parse(&text).is_err());
    }
}
