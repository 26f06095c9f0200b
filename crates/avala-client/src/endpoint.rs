//! Endpoints: operation name, method and route.

use std::borrow::Cow;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters except the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An endpoint of the API, named as in the contract.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint {
    /// Name of the operation, such as `datasets.get`.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Path with placeholders, such as `/datasets/{uid}/`.
    pub(crate) route: &'static str,
}

impl Endpoint {
    pub(crate) fn get(operation: &'static str, route: &'static str) -> Self {
        Self { operation, method: Method::GET, route }
    }

    pub(crate) fn delete(operation: &'static str, route: &'static str) -> Self {
        Self { operation, method: Method::DELETE, route }
    }

    pub(crate) fn patch(operation: &'static str, route: &'static str) -> Self {
        Self { operation, method: Method::PATCH, route }
    }

    pub(crate) fn post(operation: &'static str, route: &'static str) -> Self {
        Self { operation, method: Method::POST, route }
    }

    pub(crate) fn put(operation: &'static str, route: &'static str) -> Self {
        Self { operation, method: Method::PUT, route }
    }

    /// Returns the path, with the placeholders of the route replaced in order.
    ///
    /// Each value becomes exactly one segment: no value can change the route or the query.
    ///
    /// # Errors
    /// The message about a value that cannot be a segment.
    pub(crate) fn path(&self, segments: &[&str]) -> Result<String, String> {
        let mut path = String::with_capacity(self.route.len() + 40 * segments.len());
        let mut segments = segments.iter();
        let mut rest = self.route;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            let value = *segments.next().unwrap_or(&"");
            let Some(encoded) = segment(value) else {
                return Err(format!(
                    "{name} is {value:?}, which cannot be part of a path: pass a UID, a slug or a name"
                ));
            };
            path.push_str(before);
            // Most identities need no encoding.
            if value.bytes().all(is_unreserved) {
                path.push_str(value);
            } else {
                path.extend(encoded);
            }
            rest = after;
        }
        path.push_str(rest);
        Ok(path)
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Encodes a value as one segment of a path; `None` if it cannot be one.
pub(crate) fn segment(value: &str) -> Option<impl Iterator<Item = &str>> {
    // `.` and `..` are legal segments, but servers and proxies resolve them.
    (!matches!(value, "" | "." | "..")).then(|| utf8_percent_encode(value, RESERVED))
}

/// Encodes the name of a query parameter; borrowed if nothing has to be encoded.
pub(crate) fn query_name(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, RESERVED).into()
}

/// Encodes the value of a query parameter.
pub(crate) fn query_value(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(owner: &str, slug: &str) -> Result<String, String> {
        Endpoint::get("datasets.get_by_slug", "/datasets/{owner}/{slug}/").path(&[owner, slug])
    }

    #[test]
    fn an_id_is_one_segment_whatever_it_contains() {
        for (id, segment) in [
            ("night-drives_1.0~b", "night-drives_1.0~b"),
            ("a/b", "a%2Fb"),
            ("a?limit=1#top", "a%3Flimit%3D1%23top"),
            ("%2e%2e", "%252e%252e"),
            ("a\r\nx: y", "a%0D%0Ax%3A%20y"),
            ("größe \u{1F916}", "gr%C3%B6%C3%9Fe%20%F0%9F%A4%96"),
            ("{slug}", "%7Bslug%7D"),
            ("...", "..."),
            ("../../admin", "..%2F..%2Fadmin"),
            ("..\\admin", "..%5Cadmin"),
            ("..;x=1", "..%3Bx%3D1"),
            ("a\\b", "a%5Cb"),
            ("\u{0}\u{7f}", "%00%7F"),
            (" ", "%20"),
        ] {
            assert_eq!(path(id, "s").unwrap(), format!("/datasets/{segment}/s/"), "{id}");
            assert_eq!(path("o", id).unwrap(), format!("/datasets/o/{segment}/"), "{id}");
        }
    }

    #[test]
    fn empty_id_is_rejected_with_its_name() {
        for id in ["", ".", ".."] {
            let message = path("o", id).unwrap_err();
            assert!(message.starts_with(&format!("slug is {id:?}")), "{message}");
        }
        assert!(Endpoint::get("x", "/a/{uid}/").path(&[]).is_err());
    }
}
