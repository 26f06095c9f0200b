//! Parses references to public revisions.

use avala_types::PublicReference;

use crate::error::{Error, ErrorKind};

const SCHEME: &str = "avala://datasets/";
/// Alias of the default revision.
const DEFAULT_SELECTOR: &str = "main";

/// Reads `owner/dataset`, `owner/dataset@selector` or `avala://datasets/<uuid>@<64 hex>`.
///
/// `revision` is a separate selector, which is allowed only with a reference without one.
pub(crate) fn parse(text: &str, revision: Option<&str>) -> Result<PublicReference, Error> {
    if let Some(exact) = text.strip_prefix(SCHEME) {
        let (uid, digest) = exact.split_once('@').ok_or_else(|| invalid(text, "it names no revision"))?;
        if revision.is_some() {
            return Err(invalid(text, "it already names a revision, and another one was set"));
        }
        if !is_uuid(uid) {
            return Err(invalid(text, "the dataset is not a UUID in lower case"));
        }
        if !is_sha256(digest) {
            return Err(invalid(text, "the revision is not 64 lower-case hexadecimal digits"));
        }
        return Ok(PublicReference::exact(uid, digest));
    }
    let (name, own) = match text.split_once('@') {
        Some((name, selector)) => (name, Some(selector)),
        None => (text, None),
    };
    let selector = match (own, revision) {
        (Some(_), Some(_)) => return Err(invalid(text, "it already names a revision, and another one was set")),
        (own, other) => own.or(other).unwrap_or(DEFAULT_SELECTOR),
    };
    let (owner, dataset) = name.split_once('/').ok_or_else(|| invalid(text, "it is not `owner/dataset`"))?;
    if !is_name(owner, 255, b"_-", is_lower_or_digit) {
        return Err(invalid(text, "the owner has an invalid character, or more than 255 characters"));
    }
    if !is_name(dataset, 100, b"._-", is_lower_or_digit) {
        return Err(invalid(text, "the dataset has an invalid character, or more than 100 characters"));
    }
    let is_alias = is_name(selector, 63, b"._-", |byte| byte.is_ascii_lowercase());
    if !is_alias && !is_sha256(selector) {
        return Err(invalid(text, "the revision is neither an alias nor 64 lower-case hexadecimal digits"));
    }
    Ok(PublicReference::friendly(owner, dataset, selector))
}

fn invalid(text: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Configuration, format!("not a reference of a public dataset: {reason}"))
        .about(text)
        .help("pass `owner/dataset@revision` or `avala://datasets/<uuid>@<digest>`")
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Returns whether a name has 1 to `longest` characters, of which the first satisfies `first`.
fn is_name(text: &str, longest: usize, others: &[u8], first: impl Fn(u8) -> bool) -> bool {
    text.len() <= longest
        && text.bytes().next().is_some_and(first)
        && text.bytes().all(|byte| is_lower_or_digit(byte) || others.contains(&byte))
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(is_lower_hex)
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(is_lower_hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "11111111-1111-4111-8111-111111111111";

    #[test]
    fn references_are_read() {
        let friendly = PublicReference::friendly;
        assert_eq!(parse("acme/drives", None).unwrap(), friendly("acme", "drives", "main"));
        assert_eq!(parse("acme/drives", Some("v1.2")).unwrap(), friendly("acme", "drives", "v1.2"));
        assert_eq!(parse("a_c-m/d.r-s_1@beta", None).unwrap(), friendly("a_c-m", "d.r-s_1", "beta"));
        assert_eq!(parse(&format!("acme/drives@{DIGEST}"), None).unwrap(), friendly("acme", "drives", DIGEST));
        let exact = format!("avala://datasets/{UID}@{DIGEST}");
        assert_eq!(parse(&exact, None).unwrap(), PublicReference::exact(UID, DIGEST));
    }

    #[test]
    fn other_texts_are_rejected() {
        let long_owner = format!("{}/x", "a".repeat(256));
        let upper = format!("avala://datasets/{}@{DIGEST}", UID.to_uppercase().replace('1', "A"));
        for text in [
            "",
            "drives",
            "acme/",
            "/drives",
            "Acme/drives",
            "acme/drives/more",
            "acme/drives@",
            "acme/drives@Main",
            "acme/drives@1.0",
            "acme/drives@main@main",
            "acme/..",
            "acme/drives main",
            "_acme/drives",
            long_owner.as_str(),
            "avala://datasets/x@y",
            upper.as_str(),
            "avala://datasets/11111111-1111-4111-8111-111111111111",
            "https://avala.ai/acme/drives",
        ] {
            let error = parse(text, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
        }
    }

    #[test]
    fn second_revision_is_rejected() {
        assert!(parse("acme/drives@main", Some("main")).is_err());
        assert!(parse(&format!("avala://datasets/{UID}@{DIGEST}"), Some("main")).is_err());
        assert!(parse("acme/drives", Some("../x")).is_err());
    }
}
