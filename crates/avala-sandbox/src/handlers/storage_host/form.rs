//! Forms with files: `multipart/form-data`, as far as uploads need it.

use std::collections::HashMap;

use http::{HeaderMap, header};

/// The fields of a form by their names, or `None` when the body is no form.
pub(super) fn read<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<HashMap<String, &'a [u8]>> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let boundary = content_type.strip_prefix("multipart/form-data")?.split_once("boundary=")?.1;
    let delimiter = format!("\r\n--{}", boundary.trim_matches('"'));

    // The first delimiter has no line before it.
    let mut rest = body.strip_prefix(delimiter.trim_start().as_bytes())?;
    let mut fields = HashMap::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let (part, after) = split(part, delimiter.as_bytes())?;
        let (head, content) = split(part, b"\r\n\r\n")?;
        fields.insert(name(std::str::from_utf8(head).ok()?)?.to_owned(), content);
        rest = after;
    }
    rest.starts_with(b"--").then_some(fields)
}

/// What is before a separator, and what is after it.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let index = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((bytes.get(..index)?, bytes.get(index + separator.len()..)?))
}

/// The name of a field, from `Content-Disposition: form-data; name="key"`.
fn name(head: &str) -> Option<&str> {
    let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    disposition.split_once(" name=\"")?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(body: &'static str) -> Option<HashMap<String, &'static [u8]>> {
        let value = http::HeaderValue::from_static("multipart/form-data; boundary=b0");
        read(&[(header::CONTENT_TYPE, value)].into_iter().collect(), body.as_bytes())
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let form = read_text(
            "--b0\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/b.jpg\r\n--b0\r\nContent-Disposition: \
             form-data; name=\"file\"; filename=\"b.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\r\n-\r\n\r\n--b0--\r\n",
        );
        let form = form.unwrap();
        assert_eq!((form["key"], form["file"]), (&b"a/b.jpg"[..], &b"\r\n-\r\n"[..]));
    }

    #[test]
    fn what_is_no_form_or_ends_too_early_is_refused() {
        for body in ["", "--b0", "--b0\r\nx", "--b0\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nvalue"] {
            assert!(read_text(body).is_none(), "{body}");
        }
        assert!(read(&HeaderMap::new(), b"--b0--").is_none());
    }
}
