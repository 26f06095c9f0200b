//! Decodes responses.

pub(crate) mod models;
mod without_texts;

use std::sync::Arc;

use avala_transport::redact;
use avala_types::{
    CursorPage, DatasetSequence, Decode, DecodeError, Json, RawPageResponse, TypedSequence, from_json,
    from_json_strict, json_path_at, page_from_json,
};
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use self::without_texts::WithoutTexts;
use crate::error::{ErrorKind, Failure, limits};
use crate::own_uid;

/// Input of a decoder.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) body: &'a Bytes,
    /// The path of the call, below the base URL.
    pub(crate) path: &'a str,
    /// Whether a field of an unexpected form is an error.
    pub(crate) is_strict: bool,
    /// The UID of the resource that the call is for, as [`own_uid::in_path`](crate::own_uid::in_path) gives it.
    pub(crate) own_uid: Option<&'a str>,
    /// The head of the response.
    pub(crate) parts: &'a Parts,
}

/// A page with the records that could not be decoded, by their position in the page.
pub(crate) struct Records<T> {
    /// The page with all other records.
    pub(crate) page: CursorPage<T>,
    pub(crate) failed: Vec<(usize, Failure)>,
}

impl<T> Records<T> {
    /// Returns the page, if every record could be decoded.
    pub(crate) fn complete(self) -> Result<CursorPage<T>, Failure> {
        match self.failed.into_iter().next() {
            Some((_, failure)) => Err(failure),
            None => Ok(self.page),
        }
    }
}

/// A decoder with its own arguments.
type DecodeFn<T> = dyn Fn(Source<'_>) -> Result<T, Failure> + Send + Sync;

/// The decoder of a call.
pub(crate) enum Decoder<T> {
    /// A plain function, chosen in this crate, so that decoding is compiled here once and not in every user's crate.
    Plain(fn(Source<'_>) -> Result<T, Failure>),
    /// A function with its own arguments, such as the index of a frame.
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

/// Decodes a value into a type of the user.
pub(crate) fn foreign<T: DeserializeOwned>(source: Source<'_>) -> Result<T, Failure> {
    let value = json(source)?;
    own_uid::check_text(source.own_uid, source.body)?;
    Ok(value)
}

/// Decodes a value of a type of this SDK: strictly, and if that fails and is allowed to, leniently.
pub(crate) fn model<T: Decode>(source: Source<'_>) -> Result<T, Failure> {
    let text = text(source.body)?;
    match from_json_strict(text) {
        Ok(value) => Ok(value),
        Err(error) if source.is_strict => Err(error.into()),
        Err(_) => {
            let value = from_json(text)?;
            report_unexpected(&value);
            Ok(value)
        }
    }
}

/// Decodes a sequence. Most of its response is frames, which are not copied.
pub(crate) fn sequence(source: Source<'_>) -> Result<DatasetSequence, Failure> {
    let value = match DatasetSequence::from_shared(source.body) {
        Some(value) => value,
        None => model(source)?,
    };
    own_uid::check(source.own_uid, value.uid.as_str())?;
    Ok(value)
}

/// Decodes a sequence and its frames in one pass.
pub(crate) fn typed_sequence(source: Source<'_>) -> Result<TypedSequence, Failure> {
    let value: TypedSequence = model(source)?;
    own_uid::check(source.own_uid, value.sequence.uid.as_str())?;
    Ok(value)
}

/// Decodes a sequence whose frames have a type of the user, in one pass.
pub(crate) fn sequence_of<F: DeserializeOwned>(source: Source<'_>) -> Result<TypedSequence<F>, Failure> {
    let value = TypedSequence::from_json(text(source.body)?)?;
    own_uid::check(source.own_uid, value.sequence.uid.as_str())?;
    Ok(value)
}

/// Decodes a value of a type that a user chose.
pub(crate) fn json<T: DeserializeOwned>(source: Source<'_>) -> Result<T, Failure> {
    let text = text(source.body)?;
    serde_json::from_str(text).map_err(|error| DecodeError::locate::<T>(text, error).into())
}

/// Returns the body as text, without a byte order mark.
fn text(body: &Bytes) -> Result<&str, Failure> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        let column = 1 + valid.iter().rev().take_while(|byte| **byte != b'\n').count();
        let json_path = Some(json_path_at(&String::from_utf8_lossy(valid), valid.len()));
        let byte = error.valid_up_to() + 1;
        let message = format!("the body is not UTF-8 text: byte {byte} is invalid, at line {line} column {column}");
        Failure { json_path, ..Failure::new(ErrorKind::Decode, message) }
    })?;
    // Some servers start a text with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(Failure::new(ErrorKind::Decode, "the body is empty, although the endpoint returns JSON"));
    }
    Ok(text)
}

/// The error is not kept as a source: it repeats what the server sent, at any length.
impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        let (line, column) = (error.line(), error.column());
        let is_secret = error.path().split(['.', '[']).any(redact::is_secret_name);
        let message = if error.is_truncated() {
            format!("the body is not JSON: it ends too early, at line {line} column {column}")
        } else if !error.is_data() {
            format!("the body is not JSON: syntax error at line {line} column {column}")
        } else if is_secret {
            let reason = "the value has the wrong type (it is not shown, because its name is that of a secret)";
            format!("{reason} at line {line} column {column}")
        } else {
            WithoutTexts::of(format_args!("{} at line {line} column {column}", error.message()))
        };
        let json_path = Some(redact::display(&error.path(), limits::PATH));
        Self { json_path, ..Self::new(ErrorKind::Decode, message) }
    }
}

/// Emits one event for a response with fields of an unexpected form.
#[cfg(feature = "tracing")]
fn report_unexpected<T: Decode>(value: &T) {
    let paths = avala_types::unexpected_fields(value);
    if let Some(path) = paths.first() {
        let name = short_name(std::any::type_name::<T>());
        tracing::warn!(r#type = name, %path, fields = paths.len(), "response with fields of an unexpected form");
    }
}

/// Returns the name of a type without its modules, such as `CursorPage<Task>`.
#[cfg(feature = "tracing")]
fn short_name(name: &str) -> String {
    let parts = name.split_inclusive(['<', ',', ' ']);
    parts.filter_map(|part| part.rsplit("::").next()).collect()
}

#[cfg(not(feature = "tracing"))]
fn report_unexpected<T: Decode>(_: &T) {}

/// Ignores the body: usually empty, sometimes a short text.
pub(crate) fn nothing(_: Source<'_>) -> Result<(), Failure> {
    Ok(())
}

/// Decodes one page of models. A record that cannot be decoded does not fail the others.
pub(crate) fn model_records<T: Decode>(source: Source<'_>) -> Result<Records<T>, Failure> {
    let text = text(source.body)?;
    let strict = match from_json_strict::<RawPageResponse<T>>(text) {
        Ok(page) => return Ok(Records { page: page.into_page_at(source.path), failed: Vec::new() }),
        Err(error) => error,
    };
    if source.is_strict {
        return Err(strict.into());
    }
    let records = split(source, page_from_json::<T>(text)?, |error| {
        let record = Json::from(error.raw());
        Failure { record: Some(record), ..Failure::from(DecodeError::from(error)) }
    })?;
    report_unexpected(&records.page);
    Ok(records)
}

/// Decodes one page of a type that a user chose, in the same way.
pub(crate) fn json_records<T: DeserializeOwned>(source: Source<'_>) -> Result<Records<T>, Failure> {
    let text = text(source.body)?;
    if let Ok(page) = serde_json::from_str::<RawPageResponse<T>>(text) {
        return Ok(Records { page: page.into_page_at(source.path), failed: Vec::new() });
    }
    let page = serde_json::from_str::<RawPageResponse<&RawValue>>(text)
        .map_err(|error| DecodeError::locate::<RawPageResponse<T>>(text, error))?;
    let page = page.map(|record| {
        serde_json::from_str::<T>(record.get()).map_err(|error| {
            let located = DecodeError::locate::<T>(record.get(), error).inside(text, record.get());
            Failure { record: Some(record.to_owned().into()), ..Failure::from(located) }
        })
    });
    split(source, page, |failure| failure)
}

/// Removes the records that could not be decoded from a page.
fn split<T, E>(
    source: Source<'_>,
    page: RawPageResponse<Result<T, E>>,
    failure: impl Fn(E) -> Failure,
) -> Result<Records<T>, Failure> {
    let (mut failed, mut position) = (Vec::new(), 0);
    let page = page.filter_map(|record| {
        position += 1;
        record.map_err(|error| failed.push((position - 1, failure(error)))).ok()
    });
    Ok(Records { page: page.into_page_at(source.path), failed })
}

#[cfg(test)]
mod tests {
    use avala_types::{Dataset, Task};

    use super::*;

    fn head() -> Parts {
        http::Response::new(()).into_parts().0
    }

    fn source(body: &'static str) -> Bytes {
        Bytes::from_static(body.as_bytes())
    }

    fn failure<T: Decode>(body: &'static str) -> Failure {
        let body = source(body);
        model::<T>(Source { body: &body, path: "", own_uid: None, is_strict: true, parts: &head() }).err().unwrap()
    }

    #[test]
    fn unexpected_type_is_located() {
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
        let failure =
            model_records::<Task>(Source { body: &page, path: "", own_uid: None, is_strict: false, parts: &head() })
                .err()
                .unwrap();
        assert_eq!(failure.json_path.as_deref(), Some("results"));
        assert!(failure.message.len() < 200 && failure.message.contains("line 1 column"), "{}", failure.message);
        let secret = json::<std::collections::HashMap<String, bool>>(Source {
            body: &Bytes::from_static(br#"{"pwd": 4711}"#),
            path: "",
            own_uid: None,
            is_strict: false,
            parts: &head(),
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
        let failure = json::<String>(Source { body: &body, path: "", own_uid: None, is_strict: false, parts: &head() })
            .err()
            .unwrap();
        assert!(failure.message.contains("UTF-8"));
    }
}
