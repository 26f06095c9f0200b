//! Decoding JSON text into models, strictly or leniently.

use std::fmt;

use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::field::{Field, Mode, Report, read_lenient, read_text, repeated};
use crate::json::Json;
use crate::locate::{json_path_at, offset_of, position_at, repeated_key};
use crate::page::{CursorPage, RawPageResponse, report_page};

/// A type that [`from_json`] decodes: a model, a list or a page of models, or [`Json`].
///
/// Implemented by this crate only.
pub trait Decode: Field {}

impl<T: Field> Decode for T {}

/// Decodes a response leniently: what `avala-client` does with every response.
///
/// Identities, and required fields without a sensible default, must be present and valid. Any other field of an
/// unexpected form counts as unset, and its exact text is kept in `extra` under its own name, at every level;
/// [`unexpected_fields`] lists such fields. A field that is a list or a map is kept as a whole when one of its elements
/// is unexpected, so that no element is dropped.
///
/// A field that an object has twice is an error at any depth of a model, because it is unknown which value counts.
/// Free-form JSON and unknown fields are kept unchanged.
///
/// The text is decoded strictly first, in one pass; only if that fails, field by field. The `Deserialize` of a model
/// is lenient too, but has only one pass: a form that `serde_json` cannot parse, such as `1e999` or half a surrogate
/// pair, is an error there, and a number of an unexpected form is kept with the precision of 64 bits.
///
/// ```
/// use avala_types::{Dataset, from_json, unexpected_fields};
///
/// let text = r#"{"uid": "d1", "name": "n", "slug": "s", "created_at": "", "size_bytes": 1.50}"#;
/// let dataset: Dataset = from_json(text)?;
/// assert_eq!((dataset.created_at, dataset.size_bytes), (None, None));
/// assert_eq!(dataset.extra.get("size_bytes").expect("kept").get(), "1.50");
/// assert_eq!(unexpected_fields(&dataset), ["created_at", "size_bytes"]);
/// # Ok::<(), avala_types::DecodeError>(())
/// ```
///
/// # Errors
/// The text is not JSON, an identity or a required field is missing or unexpected, or an object has a field twice.
pub fn from_json<T: Decode>(text: &str) -> Result<T, DecodeError> {
    read_lenient(text).map_err(|error| DecodeError::locate::<T>(text, error))
}

/// Decodes a response strictly: a field of an unexpected form is an error with its path.
///
/// For tests, which otherwise would not notice a mistake in a model or in a fake server.
///
/// # Errors
/// As for [`from_json`], and if any field has an unexpected form.
pub fn from_json_strict<T: Decode>(text: &str) -> Result<T, DecodeError> {
    read_text(text, Mode::Strict).map_err(|error| DecodeError::locate::<T>(text, error))
}

/// Decodes a page leniently, record by record: an invalid record is an `Err` in its position.
///
/// [`from_json`] refuses a page with an invalid record.
///
/// ```
/// use avala_types::{Task, page_from_json};
///
/// let page = page_from_json::<Task>(r#"{"results": [{"uid": "t1"}, {"name": "no uid"}, {"uid": "t3"}]}"#)?;
/// let error = page.results[1].as_ref().expect_err("has no identity");
/// assert_eq!((error.index(), error.path()), (1, "results[1]"));
/// assert_eq!(error.raw().get(), r#"{"name": "no uid"}"#);
/// assert_eq!(page.results[2].as_ref().expect("valid").uid.as_str(), "t3");
/// # Ok::<(), avala_types::DecodeError>(())
/// ```
///
/// # Errors
/// The text is not JSON or not a page.
pub fn page_from_json<T: Decode>(text: &str) -> Result<RawPageResponse<Result<T, RecordError>>, DecodeError> {
    let page: RawPageResponse<&RawValue> =
        serde_json::from_str(text).map_err(|error| DecodeError::locate::<RawPageResponse<T>>(text, error))?;
    let mut index = 0;
    Ok(page.map(|record| {
        index += 1;
        from_json::<T>(record.get()).map_err(|error| RecordError {
            index: index - 1,
            error: error.inside(text, record.get()),
            raw: record.to_owned().into(),
        })
    }))
}

/// Lists the paths of known fields that are kept in an `extra` because of an unexpected form, such as
/// `images[2].width`.
///
/// A field that was set since is not listed, and its entry is not written; see
/// [`Extra`](crate::Extra#fields-of-an-unexpected-form).
#[must_use]
pub fn unexpected_fields<T: Decode>(value: &T) -> Vec<String> {
    let mut paths = Vec::new();
    let mut found = |path: &str| paths.push(path.to_owned());
    value.find_unexpected(&mut Report { path: String::new(), found: &mut found });
    paths
}

/// The reason why a text is not a valid response.
///
/// It has the position: the path in the JSON, and line and column. Its message repeats numbers and booleans of a wrong
/// form, and no text, which may be a secret in the wrong place. For the same reason it has no
/// [`source`](std::error::Error::source).
pub struct DecodeError {
    type_name: &'static str,
    path: Box<str>,
    line: usize,
    column: usize,
    message: Box<str>,
    category: Category,
}

impl DecodeError {
    /// Finds the position of an error of `serde_json`, which decoded a `T` from the text.
    #[must_use]
    pub fn locate<T>(text: &str, error: serde_json::Error) -> Self {
        let (mut line, mut column) = (error.line(), error.column());
        let shown = error.to_string();
        let position = format!(" at line {line} column {column}");
        let message = without_texts(shown.strip_suffix(&position).unwrap_or(&shown)).into();
        let mut offset = offset_of(text, line, column);
        // A field that is repeated in a value that was read again is reported where that value ends.
        if let Some(repeated) = repeated(&error).and_then(|message| repeated_key(text, message.split('`').nth(1)?)) {
            offset = repeated;
            (line, column) = position_at(text, offset);
        }
        let path = json_path_at(text, offset).into();
        let type_name = short_name(std::any::type_name::<T>());
        Self { type_name, path, line, column, message, category: error.classify() }
    }

    /// Moves the position from a part of a text to the text. The part must be a slice of the text.
    #[must_use]
    pub fn inside(mut self, text: &str, part: &str) -> Self {
        // A part borrows from its text, so the distance of their first bytes is its offset.
        let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let offset = start + offset_of(part, self.line, self.column);
        self.path = json_path_at(text, offset).into();
        (self.line, self.column) = position_at(text, offset);
        self
    }

    /// Returns the name of the type that was decoded, such as `Dataset`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.type_name
    }

    /// Returns the path to the value that is invalid or incomplete, such as `results[3].uid`; `.` for the whole text.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the line, starting at 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the number of bytes of the line that were read.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns what is wrong, without the position and without texts from the input.
    #[must_use]
    pub fn message(&self) -> String {
        self.message.to_string()
    }

    /// Returns whether the text ends too early.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.category == Category::Eof
    }

    /// Returns whether the text is JSON, but not the JSON of the type.
    #[must_use]
    pub fn is_data(&self) -> bool {
        self.category == Category::Data
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { type_name, path, line, column, message, .. } = self;
        write!(f, "invalid {type_name} at {path}: {message} at line {line} column {column}")
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl std::error::Error for DecodeError {}

/// A record of a page that is not valid, with its text.
///
/// `Display` and `Debug` show the reason and the position, and not the text.
pub struct RecordError {
    index: usize,
    error: DecodeError,
    raw: Json,
}

impl RecordError {
    /// Returns the position of the record in its page; the first one is 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the path in the page, such as `results[3]`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.error.path()
    }

    /// Returns the reason, with the position in the page.
    #[must_use]
    pub fn reason(&self) -> &DecodeError {
        &self.error
    }

    /// Returns the text of the record. It may contain secrets.
    #[must_use]
    pub fn raw(&self) -> &Json {
        &self.raw
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {}", self.index, self.error)
    }
}

impl fmt::Debug for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordError({self}; {} bytes of text)", self.raw.get().len())
    }
}

impl std::error::Error for RecordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<RecordError> for DecodeError {
    fn from(error: RecordError) -> Self {
        error.error
    }
}

impl From<RecordError> for Json {
    fn from(error: RecordError) -> Self {
        error.raw
    }
}

/// Returns the name of a type without its modules, such as `RawPageResponse<Task>`.
fn short_name(name: &'static str) -> &'static str {
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

/// Maximum length of a kept message, in bytes.
const MAX_MESSAGE: usize = 512;

/// Returns a message of serde without the texts in it that come from the input. Models have none in their messages; the
/// types of users, which are decoded by serde's derive, have.
fn without_texts(message: &str) -> String {
    // The name of a variant is a value; the expected ones are not.
    let (mut kept, rest) = match message.strip_prefix("unknown variant `").and_then(|rest| rest.rsplit_once("`, ")) {
        Some((_, expected)) => ("unknown variant, ".to_owned(), expected),
        None => (String::new(), message),
    };
    let (mut is_text, mut is_escaped) = (false, false);
    for character in rest.chars() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => {
                kept.push_str(if is_text { "…\"" } else { "\"" });
                is_text = !is_text;
            }
            _ if is_text => {}
            _ => kept.push(character),
        }
        if kept.len() > MAX_MESSAGE {
            kept.push('…');
            break;
        }
    }
    kept
}

impl<T: Field> Field for CursorPage<T> {
    fn read<'de, D: serde::Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        let page = RawPageResponse::<T>::read(deserializer, mode)?;
        page.into_page().map_err(serde::de::Error::custom)
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        let unset = [("previous", self.previous_cursor.is_none()), ("count", self.count.is_none())];
        report_page(report, unset, &self.extra, &self.items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, DatasetItem};
    use crate::task::Task;

    fn error<T: Decode + fmt::Debug>(text: &str) -> DecodeError {
        from_json::<T>(text).unwrap_err()
    }

    #[test]
    fn unexpected_field_is_kept_with_its_exact_text() {
        for odd in ["\"\"", "{ \"a\": 1 }", "[1.50]", "1e999", "123456789012345678901234567890.5", "\"\\ud83d\""] {
            let text = format!(r#"{{"uid":"d","name":"n","slug":"s","created_at":{odd}}}"#);
            let dataset: Dataset = from_json(&text).unwrap();
            assert_eq!(dataset.extra.get("created_at").unwrap().get(), odd);
            assert_eq!(unexpected_fields(&dataset), ["created_at"]);
            assert_eq!(serde_json::to_string(&dataset).unwrap().matches("created_at").count(), 1);
            assert!(from_json_strict::<Dataset>(&text).is_err(), "{odd}");
        }
    }

    #[test]
    fn error_has_a_path_a_line_and_a_column() {
        let error = error::<RawPageResponse<Dataset>>("{\"results\": [\n{\"uid\":\"a\",\"name\":\"n\",\"slug\":7}]}");
        assert_eq!((error.path(), error.line(), error.column()), ("results[0].slug", 2, 30));
        assert_eq!(
            error.to_string(),
            "invalid RawPageResponse at results[0].slug: invalid type: integer `7`, expected a string at line 2 column 30"
        );
    }

    #[test]
    fn invalid_input_is_located() {
        for (text, path) in [
            (r#"{"uid":"t1","name":"#, "name"),
            (r#"{"uid":"t1","uid":"t2"}"#, "uid"),
            (r#"{"uid":"t1","name":"a","name":"b"}"#, "name"),
            (r#"{"uid":"t1","new":1,"new":1}"#, "new"),
            (r#"{"uid":["a"]}"#, "uid"),
            (r#"{"name":"a"}"#, "."),
            ("[]", "."),
            ("\"uid\"", "."),
            ("<html>", "."),
            (r#"{"uid":"t1","deep":{"a b":[1,[2,"#, "deep.a b[1][1]"),
        ] {
            assert_eq!(error::<Task>(text).path(), path, "{text}");
        }
        assert!(error::<Task>(r#"{"uid":"t1""#).is_truncated());
        assert!(error::<Task>(r#"{"uid":1}"#).is_data());
    }

    #[test]
    fn repeated_field_is_an_error_at_any_depth_of_a_model() {
        let odd = r#"{"uid":"i","key":7,"created_at":"","created_at":""}"#;
        assert_eq!(error::<DatasetItem>(odd).path(), "created_at");
        let frame = r#"{"frame_index":1,"key":7,"device_position":{"x":1,"y":2,"z":3,"x":1}}"#;
        let twice = error::<crate::DatasetFrame>(frame);
        assert_eq!((twice.message(), twice.path()), ("duplicate field `x`".to_owned(), "device_position.x"));
        let images = r#"{"frame_index":1,"key":7,"images":[{},{"width":1,"model":true,"width":1}]}"#;
        let twice = error::<crate::DatasetFrame>(images);
        assert_eq!((twice.message(), twice.path()), ("duplicate field `width`".to_owned(), "images[1].width"));
        assert!(serde_json::from_str::<crate::DatasetFrame>(images).is_err());
        let page = format!(r#"{{"results":[{images},{{"frame_index":2}}]}}"#);
        let page = page_from_json::<crate::DatasetFrame>(&page).unwrap();
        assert_eq!(page.results[0].as_ref().unwrap_err().path(), "results[0].images[1].width");
        assert!(page.results[1].is_ok());
        // Free-form values have no fields of a model.
        let free: Task = from_json(r#"{"uid":"t","name":7,"new":{"a":1,"a":2}}"#).unwrap();
        assert_eq!(free.extra.get("new").unwrap().get(), r#"{"a":1,"a":2}"#);
    }

    #[test]
    fn message_repeats_no_text_of_the_input() {
        let secret = "hunter2\\\" or more";
        for text in [
            format!(r#"{{"uid":"d","name":"n","slug":"s","item_count":"{secret}"}}"#),
            format!(r#"{{"uid":"d","name":"n","slug":"s","created_at":"{secret}"}}"#),
            format!(r#""{secret}""#),
            format!(r#"["{secret}"]"#),
            format!(r#"{{"results":"{secret}"}}"#),
            format!(r#"{{"results":["{secret}"]}}"#),
        ] {
            let strict = from_json_strict::<Dataset>(&text).unwrap_err();
            let page = from_json_strict::<RawPageResponse<DatasetItem>>(&text).unwrap_err();
            let shown = format!("{strict} {strict:?} {page} {page:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("or more"), "{shown}");
        }
        let number = format!(r#"{{"frame_index":"{secret}"}}"#);
        let plain = serde_json::from_str::<crate::DatasetFrame>(&number).unwrap_err().to_string();
        assert_eq!(plain, format!("invalid type: string, expected an integer at line 1 column {}", number.len() - 1));
    }

    #[test]
    fn message_of_a_foreign_type_has_no_text_of_the_input() {
        let of = |message: &str| {
            let error = <serde_json::Error as serde::de::Error>::custom(message);
            DecodeError::locate::<u8>("7", error).message()
        };
        assert_eq!(of(r#"invalid type: string "a \" b", expected u8"#), r#"invalid type: string "…", expected u8"#);
        assert_eq!(of("unknown variant `hunter`2`, expected `a` or `b`"), "unknown variant, expected `a` or `b`");
        assert_eq!(of("invalid type: integer `7`, expected a string"), "invalid type: integer `7`, expected a string");
        assert_eq!(of("an unbalanced \"hunter2"), "an unbalanced \"");
        assert!(of(&"x".repeat(10_000)).len() < 600);
    }

    #[test]
    fn deep_nesting_is_kept_or_refused_in_bounded_memory() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let task: Task = from_json(&format!(r#"{{"uid":"t1","name":{deep},"new":{deep}}}"#)).unwrap();
        assert_eq!((task.extra.get("name").unwrap().get(), task.name), (&*deep, None));
        assert!(error::<Task>(&deep).path().len() < 300);
        assert!(error::<Task>(&format!(r#"{{"uid":{deep}}}"#)).to_string().len() < 300);
        assert!(error::<Task>(&deep[..100_000]).path().len() < 300);
    }

    #[test]
    fn invalid_record_is_an_error_in_its_position() {
        let text = "{\"results\": [{\"uid\":\"a\"},\n {\"uid\":null,\"token\":\"hunter2\"}, {\"uid\":\"c\",\"status\":7}], \"next\":null}";
        let page = page_from_json::<Task>(text).unwrap();
        let error = page.results[1].as_ref().unwrap_err();
        assert_eq!((error.index(), error.path(), error.reason().line()), (1, "results[1].uid", 2));
        assert_eq!(error.raw().get(), r#"{"uid":null,"token":"hunter2"}"#);
        assert!(!format!("{error} {error:?} {:?}", error.reason()).contains("hunter2"));
        let last = page.results[2].as_ref().unwrap();
        assert_eq!((unexpected_fields(last), last.status.is_none()), (vec!["status".to_owned()], true));
        let whole = from_json::<RawPageResponse<Task>>(text).unwrap_err();
        assert_eq!(whole.path(), "results[1].uid");
    }

    #[test]
    fn unexpected_fields_are_found_at_every_level() {
        let text = r#"{"results":[{"uid":"i1"},{"uid":"i2","metadata":{"status":[]},"created_at":"soon"}]}"#;
        let page = from_json::<CursorPage<DatasetItem>>(text).unwrap();
        assert_eq!(unexpected_fields(&page), ["results[1].created_at"]);
        let text = r#"{"results":[],"previous":[1],"count":"many"}"#;
        assert_eq!(unexpected_fields(&from_json::<CursorPage<DatasetItem>>(text).unwrap()), ["previous", "count"]);
        assert_eq!(unexpected_fields(&from_json::<RawPageResponse<Task>>(text).unwrap()), ["previous", "count"]);
    }
}
