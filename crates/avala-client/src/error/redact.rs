//! Blotting out secrets: servers echo request values in their messages.

use std::sync::LazyLock;

use regex_lite::Regex;

/// What a secret is replaced with.
const BLOT: &str = "${keep}***";

/// The shapes of the secrets that the API or its users handle. `keep` is what is no secret and stays.
const SHAPES: &[&str] = &[
    // PEM blocks, also when the text ends inside one.
    r"(?s)(?P<keep>-----BEGIN [A-Z ]+-----).*?(?:-----END [A-Z ]+-----|$)",
    // API keys of Avala, of today and of older days.
    r"(?P<keep>\b(?:avk|avala_sk)_)[A-Za-z0-9_\-]+",
    r"(?i)(?P<keep>\bbearer +)[A-Za-z0-9._~+/\-]{8,}=*",
    // JSON Web Tokens.
    r"(?P<keep>\beyJ)[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.?[A-Za-z0-9_\-]*",
    // Access key ids of AWS.
    r"(?P<keep>\b(?:AKIA|ASIA))[A-Z0-9]{12,}",
    // A value under a telling name, in JSON, in JSON inside a string, in a query or in prose. Lists and objects stay:
    // those are what the server says of the field, and names inside them are met on their own.
    concat!(
        r#"(?i)(?P<keep>[a-z0-9_\-]*(?:password|passwd|secret|token|api[_\-]?key|private[_\-]?key|access[_\-]?key|"#,
        r#"credential|signature)[a-z0-9_\-]*(?:\\?["'])?\s*[:=]\s*)"#,
        r#"(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|\\"[^"\\]*|[^\s,;&{}\[\]"'\\]+)"#,
    ),
];

static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SHAPES.iter().filter_map(|shape| Regex::new(shape).ok()).collect());

/// The text with every secret in it blotted out.
pub(crate) fn redact(text: &str) -> String {
    PATTERNS.iter().fold(text.to_owned(), |text, pattern| pattern.replace_all(&text, BLOT).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(PATTERNS.len(), SHAPES.len());
    }

    #[test]
    fn every_kind_of_secret_goes() {
        for (text, seen) in [
            ("key avk_live-9f8e_7d is bad", "key avk_*** is bad"),
            ("avala_sk_12345678", "avala_sk_***"),
            ("Authorization: Bearer abc.def-123==, x", "Authorization: Bearer ***, x"),
            ("got eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl!", "got eyJ***!"),
            ("AKIAIOSFODNN7EXAMPLE", "AKIA***"),
            ("ASIAIOSFODNN7EXAMPLE not found", "ASIA*** not found"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMII\nE\n-----END RSA PRIVATE KEY-----.",
                "-----BEGIN RSA PRIVATE KEY-----***.",
            ),
            ("-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----***"),
            ("?X-Amz-Security-Token=abc%2F&limit=5", "?X-Amz-Security-Token=***&limit=5"),
            ("s3_secret_access_key: wJalrXUtnFEMI/K7 is wrong", "s3_secret_access_key: *** is wrong"),
        ] {
            assert_eq!(redact(text), seen, "{text}");
        }
    }

    #[test]
    fn values_under_telling_names_go_from_json() {
        for text in [
            r#"{"password":"hunter2","name":"ada"}"#,
            r#"{"password": "hunter2 with spaces, and commas", "name":"ada"}"#,
            r#"{"api_key":"hunter2","name":"ada"}"#,
            r#"{"detail":"{\"device_token\":\"hunter2\"}","name":"ada"}"#,
            r#"{'private_key': 'hunter2', 'name': 'ada'}"#,
            r#"{"secret": "hunter\"2 hunter2", "name": "ada"}"#,
            "token=hunter2;name=ada",
            "{\"client_secret\":\n  \"hunter2\",\n  \"name\":\"ada\"}",
        ] {
            let seen = redact(text);
            assert!(!seen.contains("hunter2") && seen.contains("***") && seen.contains("ada"), "{seen}");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in ["No Dataset matches the given query.", r#"{"password":["Too short."]}"#, "", "cursor=cD0y&limit=5"]
        {
            assert_eq!(redact(text), text);
        }
    }
}
