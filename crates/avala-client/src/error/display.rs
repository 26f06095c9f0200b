//! `Display` and `Debug` of errors.

use std::fmt::{self, Write};

use avala_transport::redact;

use super::{Details, Error, FieldError, limits};

impl Error {
    /// Writes the line, before invisible characters are escaped.
    fn write_line(&self, line: &mut String) -> fmt::Result {
        let Details { kind, endpoint, message, status, request_id, report, retry_after, .. } = &*self.0;
        if let Some(endpoint) = endpoint {
            write!(line, "{}: ", endpoint.operation)?;
        }
        // A message that contains the description of the kind is not prefixed with it.
        let says_the_kind = contains(message, kind.describe());
        if !says_the_kind {
            write!(line, "{}: ", kind.describe())?;
        }
        line.push_str(message);
        for FieldError { field, messages } in self.0.field_errors.iter().take(limits::SHOWN_FIELDS) {
            write!(line, "; {field}: {}", messages.join(" "))?;
        }
        let hidden = self.0.field_errors.len().saturating_sub(limits::SHOWN_FIELDS);
        if hidden > 0 {
            write!(line, "; and {hidden} more fields")?;
        }
        if let Some(path) = self.0.json_path.as_deref().filter(|path| *path != ".") {
            write!(line, " at {path}")?;
        }
        let Some(endpoint) = endpoint else { return Ok(()) };
        write!(line, " ({} {}", endpoint.method, endpoint.route)?;
        if let Some(status) = status {
            write!(line, ", status {}", status.as_u16())?;
        }
        if let Some(id) = request_id {
            write!(line, ", request ID {id}")?;
        }
        if report.attempts > 0 {
            let (attempts, plural) = (report.attempts, if report.attempts == 1 { "" } else { "s" });
            write!(line, ", {attempts} attempt{plural} in {:.3} s", report.elapsed.as_secs_f64())?;
        }
        if let Some(wait) = retry_after {
            write!(line, ", retry after {:.0} s", wait.as_secs_f64().ceil())?;
        }
        line.push(')');
        Ok(())
    }
}

/// Returns whether `text` contains `words`, in any case.
fn contains(text: &str, words: &str) -> bool {
    text.as_bytes().windows(words.len()).any(|window| window.eq_ignore_ascii_case(words.as_bytes()))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        self.write_line(&mut line)?;
        f.write_str(&redact::one_line(&line))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, endpoint, message, status, code, field_errors, request_id, report, sent, source, .. } =
            &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("operation", &endpoint.as_ref().map(|endpoint| endpoint.operation))
            .field("message", message)
            .field("status", status)
            .field("code", code)
            .field("field_errors", field_errors)
            .field("request_id", request_id)
            .field("attempts", &report.attempts)
            .field("elapsed", &report.elapsed)
            .field("sent", sent)
            .field("json_path", &self.0.json_path)
            .field("body", &self.0.body.as_deref().map(|body| redact::shorten(body, limits::KEPT_TEXT)))
            .field("source", source)
            .finish_non_exhaustive()
    }
}
