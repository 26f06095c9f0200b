//! From the bytes of an answer to its value.

use std::sync::Arc;

use avala_types::{CursorPage, RawPageResponse};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::error::{ErrorKind, Failure};

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
    if source.body.is_empty() {
        return Err(Failure::new(ErrorKind::Decode, "the body is empty where JSON was promised"));
    }
    let text = std::str::from_utf8(source.body)
        .map_err(|error| Failure { source: Some(error.into()), ..not_json("the body is not UTF-8 text") })?;
    serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => explain::<T>(text, error),
        false => Failure { source: Some(error.into()), ..not_json("the body is not JSON") },
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

fn not_json(message: &str) -> Failure {
    Failure::new(ErrorKind::Decode, message)
}

/// Decodes once more to learn where it fails. Keeping track of that all the time would slow down every good answer.
fn explain<T: DeserializeOwned>(text: &str, error: serde_json::Error) -> Failure {
    let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(text));
    let json_path = located.err().map(|located| located.path().to_string());
    let message = error.to_string();
    Failure { json_path, source: Some(error.into()), ..Failure::new(ErrorKind::Decode, message) }
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
    fn what_is_not_json_is_named_so() {
        assert!(failure::<Task>("").message.contains("empty"));
        assert!(failure::<Task>("<html></html>").message.contains("not JSON"));
        assert!(failure::<Task>(r#"{"uid":"a""#).message.contains("not JSON"), "cut off");
        let body = Bytes::from_static(&[b'"', 0xff, b'"']);
        let failure = json::<String>(Source { body: &body, path: "" }).err().unwrap();
        assert!(failure.message.contains("UTF-8"));
    }
}
