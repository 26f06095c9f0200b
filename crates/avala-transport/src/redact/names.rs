//! Recognizes names whose values are secrets.

/// Complete secret names, in lower case and without punctuation.
const EXACT: &[&str] = &[
    "accesskeyid",
    "accesstoken",
    "accountkey",
    "apikey",
    "auth",
    "authorization",
    "awsaccesskeyid",
    "awssecretaccesskey",
    "awssecretkey",
    "awssessiontoken",
    "clientsecret",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "encryptionkey",
    "idtoken",
    "jwt",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "privatekeyid",
    "proxyauthorization",
    "pwd",
    "refreshtoken",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sessionid",
    "sessiontoken",
    "setcookie",
    "sig",
    "signature",
    "signingkey",
    "token",
    "tokens",
    "xavalaapikey",
];

/// Substrings that make a name secret: `new_password`, `s3_secret_access_key`, `X-Amz-Signature`.
const PARTS: &[&str] = &[
    "accesskey",
    "accesstoken",
    "apikey",
    "authjson",
    "clientsecret",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "refreshtoken",
    "secretkey",
    "sessiontoken",
    "signature",
];

/// Suffixes that make a name secret: `device_token`, `webhook_secret`.
const ENDS: &[&str] = &["accountkey", "authorization", "cookie", "pwd", "secret", "secrets", "token"];

/// Maximum number of characters that are compared; only the end of a longer name counts.
pub(super) const MAX_NAME: usize = 96;

/// Returns whether the values of a field, header or parameter of this name are secrets.
///
/// Only letters and digits are compared, ignoring case: `X-Avala-Api-Key`, `apiKey` and `api_key` are the same name.
///
/// ```
/// use avala_transport::redact::is_secret_name;
///
/// assert!(is_secret_name("AWS-Secret.Access Key") && is_secret_name("device_token"));
/// assert!(!is_secret_name("author") && !is_secret_name("token_count"));
/// ```
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let mut letters = Letters::new();
    for byte in name.bytes().rev() {
        if !letters.push(byte) {
            break;
        }
    }
    letters.is_secret()
}

/// Letters and digits of a name, collected from its end.
pub(super) struct Letters {
    buffer: [u8; MAX_NAME],
    start: usize,
}

impl Letters {
    pub(super) fn new() -> Self {
        Self { buffer: [0; MAX_NAME], start: MAX_NAME }
    }

    /// Prepends a byte; returns `false` if the buffer is full.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        if !byte.is_ascii_alphanumeric() {
            return true;
        }
        let Some(start) = self.start.checked_sub(1) else { return false };
        if let Some(slot) = self.buffer.get_mut(start) {
            *slot = byte.to_ascii_lowercase();
        }
        self.start = start;
        true
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Returns whether the complete name is a secret name.
    pub(super) fn is_exact(&self) -> bool {
        EXACT.iter().any(|name| name.as_bytes() == self.bytes())
    }

    pub(super) fn is_secret(&self) -> bool {
        let name = self.bytes();
        if name.len() < 3 {
            return false;
        }
        // Forms number repeated fields: `password2`, `token1`.
        let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let stem = name.get(..name.len() - digits).unwrap_or_default();
        EXACT.iter().any(|exact| exact.as_bytes() == stem)
            || ENDS.iter().any(|end| stem.ends_with(end.as_bytes()))
            || PARTS.iter().any(|part| name.windows(part.len()).any(|window| window == part.as_bytes()))
    }

    /// Returns whether the value extends to the end of the line, like that of a header with parameters.
    pub(super) fn takes_the_line(&self) -> bool {
        [&b"authorization"[..], b"cookie"].iter().any(|end| self.bytes().ends_with(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_letters_and_digits() {
        for name in EXACT {
            let spaced: String = name.chars().flat_map(|letter| [letter.to_ascii_uppercase(), '_']).collect();
            assert!(is_secret_name(name) && is_secret_name(&spaced), "{name}");
        }
        for name in ["s3_secret_access_key", "X-Amz-Security-Token", "newPassword2", "device_token", "pass\u{200b}word"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["", "auth_uid", "author", "secretary", "tokens_used", "key", "uid", "passage", "cookie_policy"] {
            assert!(!is_secret_name(name), "{name}");
        }
        assert!(is_secret_name(&format!("{}password", "x".repeat(10_000))));
    }
}
