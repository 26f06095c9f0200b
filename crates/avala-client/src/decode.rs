//! From the bytes of an answer to its value.

use std::fmt::{self, Write};
use std::sync::Arc;

use avala_transport::redact;
use avala_types::{CursorPage, RawPageResponse};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::error::{ErrorKind, Failure, limits};

/// The most that a message repeats of a decoder's reason, in bytes.
const MAX_REASON: usize = 512;

/// What a decoder may look at.
pub(crate) struct Source<'a> {
    pub(crate) body: &'a Bytes,
    /// The path of the call, below the base URL.
    pub(crate) path: &'a str,
}

/// A decoder with arguments of its own.
type DecodeFn<T> = dyn Fn(Source<'_>) -> Result<T, Failure> + Send + Sync;

/// How a call makes a value of an answer.
pub(crate) enum Decoder<T> {
    /// A plain function, chosen in this crate, so that decoding is compiled here once and not in every user's crate.
    Plain(fn(Source<'_>) -> Result<T, Failure>),
    /// For what is derived from an answer with the help of an argument, as one frame of a sequence.
    Derived(Arc<DecodeFn<T>>),
}

impl<T> Decoder<T> {
    pub(crate) fn decode(&self, source: Source<'_>) -> Result<T, Failure> {
        match self {
            Self::Plain(decode) => decode(source),
            Self::Derived(decode) => decode(source),
        }
    }
}

impl<T> Clone for Decoder<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(decode) => Self::Plain(*decode),
            Self::Derived(decode) => Self::Derived(Arc::clone(decode)),
        }
    }
}

/// Decodes a value.
pub(crate) fn json<T: DeserializeOwned>(source: Source<'_>) -> Result<T, Failure> {
    let text = std::str::from_utf8(source.body).map_err(|error| {
        not_json(format!("the body is not UTF-8 text: byte {} is invalid", error.valid_up_to() + 1))
    })?;
    // Some servers begin a text with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|error| {
        if text.trim_ascii().is_empty() {
            return not_json("the body is empty where JSON was promised");
        }
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => explain::<T>(text, &error),
            Category::Eof => {
                not_json(format!("the body is not JSON: it ends too early, at line {line} column {column}"))
            }
            Category::Syntax | Category::Io => {
                not_json(format!("the body is not JSON: syntax error at line {line} column {column}"))
            }
        }
    })
}

/// Takes whatever a call answers that promises nothing: usually no body, and on some deployments a word or two.
pub(crate) fn nothing(_: Source<'_>) -> Result<(), Failure> {
    Ok(())
}

/// Decodes one page of a list. A link that cannot be followed is reported by who follows it: the items are good.
pub(crate) fn page<T: DeserializeOwned>(source: Source<'_>) -> Result<CursorPage<T>, Failure> {
    let path = source.path;
    Ok(json::<RawPageResponse<T>>(source)?.into_page_at(path))
}

fn not_json(message: impl Into<String>) -> Failure {
    Failure::new(ErrorKind::Decode, message)
}

/// Decodes once more to learn where it fails. Keeping track of that all the time would slow down every good response.
///
/// The error is not kept as a source: it repeats what the server sent, at any length.
fn explain<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> Failure {
    let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(text)).err();
    let secret = located.as_ref().is_some_and(|located| {
        located.path().iter().any(|segment| matches!(segment, Segment::Map { key } if redact::is_secret_name(key)))
    });
    let json_path = located.map(|located| redact::display(located.path(), limits::PATH));
    let message = if secret {
        "the value has the wrong type (it is not shown, because its name is that of a secret)".to_owned()
    } else {
        WithoutTexts::of(error)
    };
    Failure { json_path, ..not_json(message) }
}

/// The text of an error without the values in it that are texts: they may be secrets, and of any length.
#[derive(Default)]
struct WithoutTexts {
    kept: String,
    in_text: bool,
    escaped: bool,
}

impl WithoutTexts {
    fn of(error: &serde_json::Error) -> String {
        let mut this = Self::default();
        // It fails when enough was written.
        let _ = write!(this, "{error}");
        redact::shorten(&this.kept, MAX_REASON)
    }
}

impl Write for WithoutTexts {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                _ if self.escaped => self.escaped = false,
                '\\' if self.in_text => self.escaped = true,
                '"' => {
                    self.kept.push_str(if self.in_text { "…\"" } else { "\"" });
                    self.in_text = !self.in_text;
                }
                _ if self.in_text => {}
                _ => self.kept.push(character),
            }
            if self.kept.len() > 2 * MAX_REASON {
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use avala_types::{Dataset, Task};

    use super::*;

    fn source(body: &'static str) -> Bytes {
        Bytes::from_static(body.as_bytes())
    }

    fn failure<T: DeserializeOwned>(body: &'static str) -> Failure {
        let body = source(body);
        json::<T>(Source { body: &body, path: "" }).err().unwrap()
    }

    #[test]
    fn a_wrong_shape_is_located() {
        let failure = failure::<Vec<Dataset>>(r#"[{"uid":"a","name":"n","slug":"s"},{"uid":"b","name":7,"slug":"s"}]"#);
        assert_eq!(failure.json_path.as_deref(), Some("[1].name"));
        assert!(failure.message.contains("invalid type: integer `7`, expected a string"), "{}", failure.message);
    }

    #[test]
    fn texts_are_not_repeated_by_a_reason() {
        let wrong = failure::<Dataset>(r#"{"uid":"a","name":"n","slug":"s","item_count":"hunter\"2 hunter2"}"#);
        assert!(!wrong.message.contains("hunter2"), "{}", wrong.message);
        let page = format!(r#"{{"results":"{}"}}"#, "x".repeat(5 << 20));
        let page = Bytes::from(page);
        let failure = super::page::<Task>(Source { body: &page, path: "" }).err().unwrap();
        assert_eq!(failure.json_path.as_deref(), Some("results"));
        assert!(failure.message.len() < 200 && failure.message.contains("line 1 column"), "{}", failure.message);
        let secret = json::<std::collections::HashMap<String, bool>>(Source {
            body: &Bytes::from_static(br#"{"pwd": 4711}"#),
            path: "",
        });
        assert!(!secret.err().unwrap().message.contains("4711"));
    }

    #[test]
    fn what_is_not_json_is_named_so() {
        assert!(failure::<Task>("").message.contains("empty"));
        assert!(failure::<Task>("<html></html>").message.contains("not JSON"));
        let cut = failure::<Task>(r#"{"uid":"a""#).message;
        assert_eq!(cut, "the body is not JSON: it ends too early, at line 1 column 10");
        assert!(failure::<Task>(" \n").message.contains("empty"));
        assert!(failure::<Task>("\u{feff}{\n oops}").message.ends_with("syntax error at line 2 column 2"));
        let body = Bytes::from_static(&[b'"', 0xff, b'"']);
        let failure = json::<String>(Source { body: &body, path: "" }).err().unwrap();
        assert!(failure.message.contains("UTF-8"));
    }
}
