//! Responses that belong to another resource.
//!
//! A call that reads or changes a resource by its UID returns that resource. If the response has another UID, it
//! belongs to another request of the connection, or a proxy mixed responses up: the caller must not get another
//! resource.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::error::{ErrorKind, Failure};

/// Last segments of the routes of calls that change a resource and return it.
const ACTIONS: [&str; 3] = ["accept/", "acknowledge/", "resolve/"];

/// Returns the UID in the path of a call that returns the resource of this UID, still percent-encoded.
///
/// Those are the routes whose last identity is a UID and which end there, or with one of [`ACTIONS`]. Any other route
/// that continues after the UID creates, lists or computes something else. Of the calls with such a route, the decoders
/// that check it are those of resources: a `DELETE` returns nothing, and a list has its own decoder.
pub(crate) fn in_path<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    let ends_in_uid = |route: &str| route.ends_with("uid}/");
    let has_action = !ends_in_uid(route);
    if has_action && !ACTIONS.iter().any(|action| route.strip_suffix(action).is_some_and(ends_in_uid)) {
        return None;
    }
    path.strip_suffix('/').unwrap_or(path).rsplit('/').nth(usize::from(has_action))
}

/// Checks the UID of a decoded response.
///
/// `asked` is the UID that [`in_path`] found.
pub(crate) fn check(asked: Option<&str>, got: &str) -> Result<(), Failure> {
    match asked {
        Some(asked) if !is_same(asked, got) => {
            let asked = percent_decode_str(asked).decode_utf8_lossy();
            let got: String = got.chars().take(64).collect();
            Err(Failure::new(
                ErrorKind::Decode,
                format!("the response is for another resource: the call is for `{asked}`, and its uid is `{got}`"),
            ))
        }
        _ => Ok(()),
    }
}

/// Checks the UID of a response that was decoded into a type of the user, if it has one.
pub(crate) fn check_text(asked: Option<&str>, body: &[u8]) -> Result<(), Failure> {
    if asked.is_none() {
        return Ok(());
    }
    // A user's type may accept a value that is not an object, or an object without a UID.
    match serde_json::from_slice::<OnlyUid>(body) {
        Ok(OnlyUid(Some(got))) => check(asked, &got),
        _ => Ok(()),
    }
}

/// Returns whether two UIDs are equal, ignoring case and hyphens, which servers and databases write differently.
fn is_same(encoded: &str, uid: &str) -> bool {
    if encoded == uid {
        return true;
    }
    let significant = |byte: &u8| *byte != b'-';
    let asked = percent_decode_str(encoded).filter(significant).map(|byte| byte.to_ascii_lowercase());
    asked.eq(uid.bytes().filter(significant).map(|byte| byte.to_ascii_lowercase()))
}

struct OnlyUid(Option<String>);

impl<'de> Deserialize<'de> for OnlyUid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> serde::de::Visitor<'de> for Fields {
            type Value = OnlyUid;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<OnlyUid, A::Error> {
                let mut uid = None;
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if name == "uid" {
                        uid = Some(map.next_value::<String>()?);
                    } else {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                Ok(OnlyUid(uid))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_return_their_own_resource_are_known() {
        for (route, path, expected) in [
            ("/tasks/{uid}/", "/tasks/t1/", Some("t1")),
            ("/projects/{project_uid}/quality-targets/{uid}/", "/projects/p1/quality-targets/q1/", Some("q1")),
            ("/slices/{owner}/{slug}/items/{item_uid}/", "/slices/o/s/items/i%2F1/", Some("i%2F1")),
            ("/fleet/alerts/{alert_uid}/resolve/", "/fleet/alerts/a1/resolve/", Some("a1")),
            ("/projects/{project_uid}/auto-label/", "/projects/p1/auto-label/", None),
            ("/projects/{project_uid}/quality-targets/", "/projects/p1/quality-targets/", None),
            ("/datasets/{owner}/{slug}/", "/datasets/o/s/", None),
            ("/tasks/", "/tasks/", None),
        ] {
            assert_eq!(in_path(route, path), expected, "{route}");
        }
    }

    #[test]
    fn case_and_hyphens_do_not_count() {
        for (asked, got, same) in [
            ("550e8400-E29B-41d4-a716-446655440000", "550E8400e29b41d4a716446655440000", true),
            ("t1", "T1", true),
            ("a%2Fb", "a/b", true),
            ("t1", "t2", false),
            ("t1", "t11", false),
            ("t1", "", false),
        ] {
            assert_eq!(is_same(asked, got), same, "{asked} {got}");
        }
    }
}
