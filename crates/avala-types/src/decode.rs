//! Decoding JSON text into models, strictly or leniently.

use std::fmt;

use serde_json::value::RawValue;

use crate::field::{Field, Mode, Report, push_key, read_lenient, read_text};
use crate::json::Json;
use crate::page::CursorPage;
use crate::page::RawPageResponse;

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
/// The text is decoded strictly first, in one pass; only if that fails, field by field. The `Deserialize` of a model
/// is lenient too, but has one pass only: a form that `serde_json` cannot parse, such as `1e999` or half a surrogate
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
/// Meant for tests, which otherwise would not notice a mistake in a model or in a fake server.
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

/// Lists the paths of known fields that are kept in an `extra` because of an unexpected form, as `images[2].width`.
#[must_use]
pub fn unexpected_fields<T: Decode>(value: &T) -> Vec<String> {
    let mut paths = Vec::new();
    let mut found = |path: &str| paths.push(path.to_owned());
    value.find_unexpected(&mut Report { path: String::new(), found: &mut found });
    paths
}

/// The reason why a text is not a valid response.
///
/// It says where: by the path in the JSON, and by line and column. Its message repeats a value that has a wrong form,
/// as `serde_json` does, and never a whole record.
pub struct DecodeError {
    type_name: &'static str,
    path: String,
    line: usize,
    column: usize,
    error: serde_json::Error,
}

impl DecodeError {
    /// Finds the position of an error of `serde_json`, which decoded a `T` from the text.
    #[must_use]
    pub fn locate<T>(text: &str, error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let path = json_path_at(text, offset_of(text, line, column));
        Self { type_name: short_name(std::any::type_name::<T>()), path, line, column, error }
    }

    /// Moves the position from a part of a text to the text. The part must be a slice of the text.
    #[must_use]
    pub fn inside(mut self, text: &str, part: &str) -> Self {
        // A part borrows from its text, so the distance of their first bytes is its offset.
        let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let offset = start + offset_of(part, self.line, self.column);
        self.path = json_path_at(text, offset);
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        self.line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        self
    }

    /// Returns the name of the type that was decoded, as `Dataset`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.type_name
    }

    /// Returns the path to the value that is invalid or incomplete, as `results[3].uid`; `.` for the whole text.
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

    /// Returns what is wrong, without the position.
    #[must_use]
    pub fn message(&self) -> String {
        let text = self.error.to_string();
        let position = format!(" at line {} column {}", self.error.line(), self.error.column());
        text.strip_suffix(&position).unwrap_or(&text).to_owned()
    }

    /// Returns whether the text ends too early.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.error.is_eof()
    }

    /// Returns whether the text is JSON, but not the JSON of the type.
    #[must_use]
    pub fn is_data(&self) -> bool {
        self.error.is_data()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { type_name, path, line, column, .. } = self;
        write!(f, "invalid {type_name} at {path}: {} at line {line} column {column}", self.message())
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

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

    /// Returns the path in the page, as `results[3]`.
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

/// Returns the name of a type without the modules, as `RawPageResponse<Task>` is under its own name only.
fn short_name(name: &'static str) -> &'static str {
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

/// Returns the number of bytes before a position that `serde_json` reports.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    (lines.map(str::len).sum::<usize>() + column).min(text.len())
}

/// The most levels of a path that are kept; deeper ones are left out.
const MAX_LEVELS: usize = 64;

/// Finds the path of the value that was read last in the first `offset` bytes of a text.
///
/// Decoding does not keep track of paths, which would slow down every response; this scan follows a failure. It needs
/// no more memory than the path.
#[must_use]
pub fn json_path_at(text: &str, offset: usize) -> String {
    enum Level<'a> {
        Key(Option<&'a str>),
        Index(usize),
    }
    let bytes = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let (mut levels, mut omitted): (Vec<Level<'_>>, usize) = (Vec::new(), 0);
    // Whether a string would be a key.
    let mut before_key = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let start = at + 1;
                at = start;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
                }
                if before_key
                    && omitted == 0
                    && let Some(Level::Key(key)) = levels.last_mut()
                {
                    *key = text.get(start..at.min(bytes.len()));
                }
                before_key = false;
            }
            b'{' | b'[' if levels.len() >= MAX_LEVELS => {
                omitted += 1;
                before_key = false;
            }
            b'{' => {
                levels.push(Level::Key(None));
                before_key = true;
            }
            b'[' => {
                levels.push(Level::Index(0));
                before_key = false;
            }
            b'}' | b']' if omitted > 0 => omitted -= 1,
            b'}' | b']' => {
                levels.pop();
                before_key = false;
            }
            b',' if omitted == 0 => match levels.last_mut() {
                Some(Level::Index(index)) => *index += 1,
                Some(Level::Key(key)) => {
                    *key = None;
                    before_key = true;
                }
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Key(Some(key)) => push_key(&mut path, key),
            Level::Key(None) => {}
            Level::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    if omitted > 0 {
        path.push('…');
    }
    if path.is_empty() { ".".to_owned() } else { path }
}

impl<T: Field> Field for CursorPage<T> {
    fn read<'de, D: serde::Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        let page = RawPageResponse::<T>::read(deserializer, mode)?;
        page.into_page().map_err(serde::de::Error::custom)
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        report.field("results", &self.items);
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
    }
}
