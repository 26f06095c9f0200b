//! Version 1 of the protocol: one form POST per file.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::error::{Error, ErrorKind};
use crate::upload::body::Around;

const TYPES: [(&str, &str); 16] = [
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".png", "image/png"),
    (".webp", "image/webp"),
    (".bmp", "image/bmp"),
    (".gif", "image/gif"),
    (".tif", "image/tiff"),
    (".tiff", "image/tiff"),
    (".mp4", "video/mp4"),
    (".webm", "video/webm"),
    (".mkv", "video/x-matroska"),
    (".mov", "video/quicktime"),
    (".json", "application/json"),
    (".txt", "text/plain"),
    (".csv", "text/csv"),
    (".gz", "application/gzip"),
];

/// Returns the form around a file, with the file last, and the value of its `Content-Type` header.
pub(crate) fn around(fields: &BTreeMap<String, String>, path: &str) -> Result<(Around, String), Error> {
    let boundary = format!("avala-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let mut before = String::new();
    for (name, value) in fields {
        if name.contains(['"', '\r', '\n']) || value.contains(&boundary) {
            return Err(Error::new(ErrorKind::Protocol, "the API requests a form field that cannot be sent")
                .about(path)
                .help("report it to Avala"));
        }
        before += &format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    let base = path.rsplit('/').next().unwrap_or(path).replace('"', "%22");
    let own =
        fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value.as_str());
    let content_type = own.filter(|text| !text.contains(['\r', '\n'])).unwrap_or_else(|| guess(path));
    before += &format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{base}\"\r\nContent-Type: \
         {content_type}\r\n\r\n"
    );
    let after = format!("\r\n--{boundary}--\r\n");
    let around = Around { before: Bytes::from(before), after: Bytes::from(after) };
    Ok((around, format!("multipart/form-data; boundary={boundary}")))
}

fn guess(path: &str) -> &'static str {
    let path = path.to_ascii_lowercase();
    TYPES.iter().find(|(suffix, _)| path.ends_with(suffix)).map_or("application/octet-stream", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_before_the_file() {
        let fields = BTreeMap::from([("key".to_owned(), "a/b.jpg".to_owned()), ("policy".to_owned(), "p".to_owned())]);
        let (around, content_type) = around(&fields, "a/b \"1\".jpg").unwrap();
        let text = String::from_utf8(around.before.to_vec()).unwrap();
        let boundary = content_type.split_once("boundary=").unwrap().1;
        assert!(text.starts_with(&format!("--{boundary}\r\n")), "{text}");
        assert!(text.find("name=\"policy\"").unwrap() < text.find("name=\"file\"").unwrap());
        assert!(text.ends_with("filename=\"b %221%22.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"), "{text}");
        assert_eq!(around.after, format!("\r\n--{boundary}--\r\n"));
    }

    #[test]
    fn field_that_would_break_the_form_is_refused() {
        let fields = BTreeMap::from([("a\"\r\nx".to_owned(), String::new())]);
        assert_eq!(around(&fields, "f").unwrap_err().kind(), ErrorKind::Protocol);
    }
}
