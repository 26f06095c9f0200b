//! What the server says of an error, in each of the shapes that it uses.

use serde_json::{Map, Value};

use super::redact;

/// What the server found wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The field, with dots between its levels, as `sub_slices.0.dataset_uid`.
    pub field: String,
    /// What is wrong with it, in sentences.
    pub messages: Vec<String>,
}

/// A quota that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// How much is allowed, in the unit of the quota (bytes, for uploads).
    pub limit: Option<u64>,
    /// How much is used.
    pub used: Option<u64>,
}

/// The body of an error, read as far as it can be read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ErrorBody {
    pub(super) message: Option<String>,
    pub(super) code: Option<String>,
    pub(super) field_errors: Vec<FieldError>,
    pub(super) quota: Option<Quota>,
}

impl ErrorBody {
    /// Reads what can be read; a body that is not JSON says nothing.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut this = Self::default();
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => this.read_object(&object),
            Ok(Value::Array(list)) => this.read_details(&Value::Array(list)),
            Ok(Value::String(text)) => this.message = Some(redact(&text)),
            _ => {}
        }
        this
    }

    fn read_object(&mut self, object: &Map<String, Value>) {
        let number = |name| object.get(name).and_then(Value::as_u64);
        let (limit, used) = (number("limit"), number("used"));
        if limit.is_some() || used.is_some() {
            self.quota = Some(Quota { limit, used });
        }
        if let Some(Value::Object(error)) = object.get("error") {
            self.code = text(error.get("code"));
            self.message = text(error.get("message"));
            error.get("details").into_iter().for_each(|details| self.read_fields("", details));
            return;
        }
        self.code = text(object.get("code"));
        match object.get("detail") {
            Some(detail) => self.read_details(detail),
            // Without a detail, the object itself is the map of the fields.
            None => object.iter().for_each(|(name, value)| self.read_fields(name, value)),
        }
    }

    /// A detail: a text, or the fields themselves.
    fn read_details(&mut self, detail: &Value) {
        match detail {
            Value::Array(list) if list.iter().all(Value::is_string) => {
                let texts: Vec<_> = list.iter().filter_map(Value::as_str).collect();
                self.message = Some(redact(&texts.join(" "))).filter(|message| !message.is_empty());
            }
            Value::Object(_) | Value::Array(_) => self.read_fields("", detail),
            other => self.message = text(Some(other)),
        }
    }

    /// The messages under a field, and under the fields inside it.
    fn read_fields(&mut self, field: &str, value: &Value) {
        let inside = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
        match value {
            Value::Object(object) => object.iter().for_each(|(name, value)| self.read_fields(&inside(name), value)),
            Value::Array(list) if !list.iter().all(Value::is_string) => {
                list.iter().enumerate().for_each(|(index, value)| self.read_fields(&inside(&index.to_string()), value));
            }
            Value::Array(list) => {
                let messages: Vec<_> = list.iter().filter_map(Value::as_str).map(redact).collect();
                if !messages.is_empty() {
                    self.field_errors.push(FieldError { field: field.to_owned(), messages });
                }
            }
            other => {
                if let Some(message) = text(Some(other)) {
                    self.field_errors.push(FieldError { field: field.to_owned(), messages: vec![message] });
                }
            }
        }
    }
}

/// A text without its secrets.
fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(redact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> ErrorBody {
        ErrorBody::read(body.as_bytes())
    }

    fn fields(body: &str) -> Vec<(String, String)> {
        read(body).field_errors.into_iter().map(|error| (error.field, error.messages.join("|"))).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(field, messages)| ((*field).to_owned(), (*messages).to_owned())).collect()
    }

    #[test]
    fn a_detail_is_the_message() {
        let body = read(r#"{"detail": "Gone fishing.", "code": "away", "doc_url": "https://docs.avala.ai/away"}"#);
        assert_eq!((body.message.as_deref(), body.code.as_deref()), (Some("Gone fishing."), Some("away")));
        assert_eq!((body.field_errors, body.quota), (vec![], None));
        assert_eq!(read(r#"["One.", "Two."]"#).message.as_deref(), Some("One. Two."));
        let wrapped = read(r#"{"error": {"code": "e1", "message": "No.", "details": {"slug": ["Taken."]}}}"#);
        assert_eq!((wrapped.message.as_deref(), wrapped.code.as_deref()), (Some("No."), Some("e1")));
        assert_eq!(wrapped.field_errors[0].field, "slug");
    }

    #[test]
    fn fields_are_found_at_every_level() {
        let expected = pairs(&[("name", "Too long.|Odd."), ("non_field_errors", "Contradiction.")]);
        let map = r#"{"name": ["Too long.", "Odd."], "non_field_errors": ["Contradiction."]}"#;
        assert_eq!(fields(map), expected);
        assert_eq!(fields(&format!(r#"{{"detail": {map}}}"#)), expected);
        assert_eq!(
            fields(r#"{"sub_slices": [{}, {"dataset_uid": ["Unknown."]}], "config": {"region": "Missing."}}"#),
            pairs(&[("config.region", "Missing."), ("sub_slices.1.dataset_uid", "Unknown.")])
        );
        assert_eq!(fields(r#"[{"name": ["Odd."]}]"#), pairs(&[("0.name", "Odd.")]));
    }

    #[test]
    fn a_quota_has_its_figures() {
        let quota = read(r#"{"detail": "Full.", "limit": 100, "used": 99}"#).quota;
        assert_eq!(quota, Some(Quota { limit: Some(100), used: Some(99) }));
    }

    #[test]
    fn what_says_nothing_is_read_as_nothing() {
        for body in
            ["", "<html>502</html>", "null", "{}", "[]", "17", "{\"detail\": null}", "{\"detail\": \"\"}", "\u{0}"]
        {
            assert_eq!(read(body), ErrorBody::default(), "{body}");
        }
        assert_eq!(ErrorBody::read(&[0xff, 0xfe]), ErrorBody::default());
        assert_eq!(read(&"[".repeat(100_000)), ErrorBody::default());
    }
}
