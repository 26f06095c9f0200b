//! Error bodies, in each of the forms that servers use.

use avala_transport::redact;

use super::json::Node;
use super::limits;

/// Messages about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Path of the field, such as `sub_slices.0.dataset_uid`.
    pub field: String,
    /// Messages of the server.
    pub messages: Vec<String>,
}

/// Exceeded quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// Limit, in the unit of the quota: bytes for uploads.
    pub limit: Option<u64>,
    /// Usage, in the same unit.
    pub used: Option<u64>,
}

/// Content of a redacted error body.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ErrorBody {
    pub(super) message: Option<String>,
    pub(super) code: Option<String>,
    pub(super) doc_url: Option<String>,
    pub(super) field_errors: Vec<FieldError>,
    pub(super) quota: Option<Quota>,
}

impl ErrorBody {
    /// Reads messages and fields from lists, objects and texts; other values have none.
    pub(super) fn read(node: &Node) -> Self {
        let mut this = Self::default();
        let mut fields = Fields::default();
        match node {
            Node::Object(pairs) => this.read_object(node, pairs, &mut fields),
            Node::List(_) | Node::Text(_) => this.read_details(node, &mut fields),
            Node::Null | Node::Scalar(_) | Node::TooDeep => {}
        }
        this.field_errors = fields.found;
        this
    }

    fn read_object(&mut self, object: &Node, pairs: &[(String, Node)], fields: &mut Fields) {
        let number = |name| match object.get(name) {
            Some(Node::Scalar(digits)) => digits.parse().ok(),
            _ => None,
        };
        let (limit, used) = (number("limit"), number("used"));
        if limit.is_some() || used.is_some() {
            self.quota = Some(Quota { limit, used });
        }
        if let Some(error @ Node::Object(_)) = object.get("error") {
            self.code = text(error.get("code"), limits::FIELD_MESSAGE);
            self.doc_url = text(error.get("doc_url").or(object.get("doc_url")), limits::FIELD_MESSAGE);
            self.message = text(error.get("message"), limits::MESSAGE);
            error.get("details").into_iter().for_each(|details| fields.read(details));
            return;
        }
        self.code = text(object.get("code"), limits::FIELD_MESSAGE);
        self.doc_url = text(object.get("doc_url"), limits::FIELD_MESSAGE);
        if let Some(detail) = object.get("detail") {
            return self.read_details(detail, fields);
        }
        // Gateways use `message` instead of `detail`.
        let message = ["message", "error"].into_iter().find(|name| matches!(object.get(name), Some(Node::Text(_))));
        self.message = message.and_then(|name| text(object.get(name), limits::MESSAGE));
        // Otherwise the object itself is the map of the fields.
        let about_itself = |(name, value): &&(String, Node)| {
            let known = ["code", "doc_url", "message", "error"].contains(&name.as_str());
            known && matches!(value, Node::Text(_)) && (self.message.is_some() || name == "code" || name == "doc_url")
        };
        fields.read_pairs(pairs.iter().filter(|pair| !about_itself(pair)).collect());
    }

    /// Reads a detail: a text, or the fields themselves.
    fn read_details(&mut self, detail: &Node, fields: &mut Fields) {
        match detail {
            Node::List(list) if list.iter().all(|item| matches!(item, Node::Text(_))) => {
                let mut joined = String::new();
                for item in list.iter().filter_map(Node::as_text) {
                    if joined.len() > limits::MESSAGE {
                        break;
                    }
                    joined.push_str(if joined.is_empty() { "" } else { " " });
                    joined.push_str(item);
                }
                self.message = text(Some(&Node::Text(joined)), limits::MESSAGE);
            }
            Node::Object(_) | Node::List(_) => fields.read(detail),
            other => self.message = text(Some(other), limits::MESSAGE),
        }
    }
}

/// Gathers field errors, up to the limits.
#[derive(Default)]
struct Fields {
    found: Vec<FieldError>,
    /// The field that is being read.
    path: String,
    /// Bytes of all fields and messages so far.
    size: usize,
}

impl Fields {
    /// Reads the messages of the current field, and of the fields inside it.
    fn read(&mut self, node: &Node) {
        if self.is_full() {
            return;
        }
        match node {
            Node::Object(pairs) => match located(node) {
                Some((field, message)) => self.add(&field, message),
                None => self.read_pairs(pairs.iter().collect()),
            },
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    match item {
                        Node::Text(message) => self.add_here(message),
                        Node::Object(_) if located(item).is_some() => self.read(item),
                        Node::Object(_) | Node::List(_) => self.inside(&index.to_string(), item),
                        Node::Null | Node::Scalar(_) | Node::TooDeep => {}
                    }
                }
            }
            Node::Text(message) => self.add_here(message),
            Node::Null | Node::Scalar(_) | Node::TooDeep => {}
        }
    }

    /// Reads fields in the order of their names.
    fn read_pairs(&mut self, mut pairs: Vec<&(String, Node)>) {
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (name, value) in pairs {
            self.inside(name, value);
        }
    }

    fn inside(&mut self, name: &str, value: &Node) {
        if self.is_full() {
            return;
        }
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        self.read(value);
        self.path.truncate(length);
    }

    fn is_full(&self) -> bool {
        self.found.len() >= limits::FIELDS || self.size >= limits::ALL_FIELDS
    }

    fn add_here(&mut self, message: &str) {
        let field = cut(&self.path, limits::PATH);
        self.add(&field, message);
    }

    fn add(&mut self, field: &str, message: &str) {
        if message.is_empty() || self.size >= limits::ALL_FIELDS {
            return;
        }
        let (field, message) = (cut(field, limits::PATH), cut(message, limits::FIELD_MESSAGE));
        self.size = self.size.saturating_add(message.len());
        if let Some(last) = self.found.last_mut()
            && last.field == field
        {
            last.messages.push(message);
        } else if self.found.len() < limits::FIELDS {
            self.size = self.size.saturating_add(field.len());
            self.found.push(FieldError { field, messages: vec![message] });
        }
    }
}

/// Returns the field and message of an item like `{"loc": ["body", "name"], "msg": "...", "type": "..."}`.
fn located(item: &Node) -> Option<(String, &str)> {
    let message = item.get("msg").or_else(|| item.get("message"))?.as_text()?;
    let field = match item.get("loc").or_else(|| item.get("field"))? {
        Node::Text(field) => field.clone(),
        Node::List(path) => {
            let mut field = String::new();
            for part in path {
                let (Node::Text(part) | Node::Scalar(part)) = part else { continue };
                field.push_str(if field.is_empty() { "" } else { "." });
                field.push_str(part);
                if field.len() > limits::PATH {
                    break;
                }
            }
            field
        }
        _ => return None,
    };
    Some((field, message))
}

fn text(node: Option<&Node>, max: usize) -> Option<String> {
    let text = node?.as_text().filter(|text| !text.is_empty())?;
    Some(cut(text, max))
}

/// Returns the start of a text that is redacted already.
fn cut(text: &str, max: usize) -> String {
    if text.len() <= max { text.to_owned() } else { redact::shorten(text, max) }
}

#[cfg(test)]
mod tests {
    use super::super::kept::Kept;
    use super::*;

    fn read(body: &str) -> ErrorBody {
        read_bytes(body.as_bytes())
    }

    fn read_bytes(body: &[u8]) -> ErrorBody {
        Kept::read(body, false).node.as_ref().map(ErrorBody::read).unwrap_or_default()
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
        assert_eq!(body.doc_url.as_deref(), Some("https://docs.avala.ai/away"));
        assert_eq!((body.field_errors, body.quota), (vec![], None));
        assert_eq!(read(r#"["One.", "Two."]"#).message.as_deref(), Some("One. Two."));
        let wrapped = read(r#"{"error": {"code": "e1", "message": "No.", "details": {"slug": ["Taken."]}}}"#);
        assert_eq!((wrapped.message.as_deref(), wrapped.code.as_deref()), (Some("No."), Some("e1")));
        assert_eq!(wrapped.field_errors[0].field, "slug");
        let gateway = read(r#"{"message": "Forbidden", "code": "x"}"#);
        assert_eq!((gateway.message.as_deref(), gateway.field_errors), (Some("Forbidden"), vec![]));
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
    fn located_messages_are_field_errors() {
        let list = r#"[{"loc":["body","items",0,"name"],"msg":"field required","type":"missing"},
                       {"loc":["body","items",0,"name"],"msg":"too short","type":"short"},
                       {"loc":"limit","msg":"too large","type":"large"}]"#;
        let expected = pairs(&[("body.items.0.name", "field required|too short"), ("limit", "too large")]);
        assert_eq!(fields(list), expected);
        assert_eq!(fields(&format!(r#"{{"detail": {list}}}"#)), expected);
        assert_eq!(fields(r#"{"errors":[{"field":"name","message":"Odd."}]}"#), pairs(&[("name", "Odd.")]));
    }

    #[test]
    fn a_quota_has_its_figures() {
        let quota = read(r#"{"detail": "Full.", "limit": 100, "used": 99}"#).quota;
        assert_eq!(quota, Some(Quota { limit: Some(100), used: Some(99) }));
    }

    #[test]
    fn a_body_without_information_is_read_as_nothing() {
        for body in
            ["", "<html>502</html>", "null", "{}", "[]", "17", "{\"detail\": null}", "{\"detail\": \"\"}", "\u{0}"]
        {
            assert_eq!(read(body), ErrorBody::default(), "{body}");
        }
        assert_eq!(read_bytes(&[0xff, 0xfe]), ErrorBody::default());
        assert_eq!(read(&"[".repeat(100_000)), ErrorBody::default());
    }

    #[test]
    fn fields_are_limited_in_number_length_and_sum() {
        let size = |errors: &[FieldError]| -> usize {
            errors.iter().map(|error| error.field.len() + error.messages.iter().map(String::len).sum::<usize>()).sum()
        };
        let nested = format!("{}{{\"x\":[\"Odd.\"]}}{}", "{\"aaaa\":".repeat(60), "}".repeat(60));
        for body in [
            format!("{{{}\"z\":1}}", r#""name":["Odd."],"#.repeat(4_000)),
            format!("{{{}\"z\":1}}", (0..4_000).map(|index| format!(r#""f{index}":["Odd."],"#)).collect::<String>()),
            format!("{{\"name\":[{}1]}}", r#""Odd.","#.repeat(8_000)),
            format!("{{\"name\":[\"{}\"]}}", "long ".repeat(12_000)),
            format!("{{\"{}\":[\"Odd.\"]}}", "name".repeat(10_000)),
            format!("[{nested}{}]", format!(",{nested}").repeat(90)),
        ] {
            let errors = read(&body).field_errors;
            assert!(!errors.is_empty() && errors.len() <= limits::FIELDS, "{}", errors.len());
            assert!(
                size(&errors) <= limits::ALL_FIELDS + limits::PATH + limits::FIELD_MESSAGE + 8,
                "{}",
                size(&errors)
            );
            assert!(errors.iter().all(|error| error.field.len() <= limits::PATH + 3));
        }
    }
}
