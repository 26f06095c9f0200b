//! Classifies failed commands.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::server::Server;
use crate::error::{LimitsError, LimitsErrorKind};

/// Classifies an error of Redis or of its driver.
///
/// The same error has several forms: `READONLY ...`, `ERR READONLY ...`, or inside of `ERR Error running
/// script ...`. So the text decides, not only the code.
pub(crate) fn classify(error: &RedisError, server: &Server) -> LimitsError {
    let text = server.redact(describe(error));
    let has = |word: &str| text.contains(word);
    // The last two are the spellings inside a script.
    let access = [
        "NOPERM",
        "NOAUTH",
        "unauthenticated",
        "WRONGPASS",
        "invalid password",
        "ACL failure",
        "user executing the script can't",
        "DENIED",
    ];
    // The last one is from a Lua without the libraries of Redis.
    let unsupported = ["unknown command", "Unknown Redis command", "CROSSSLOT", "MOVED", "nonexistent global variable"];
    let is_access = access.into_iter().any(has);
    let kind = if is_access || error.kind() == ErrorKind::AuthenticationFailed {
        LimitsErrorKind::Access
    } else if has("WRONGTYPE") || has("a limit key holds something else") {
        LimitsErrorKind::KeyType
    } else if unsupported.into_iter().any(has) {
        LimitsErrorKind::Unsupported
    } else if error.kind() == ErrorKind::InvalidClientConfig || has("DB index") {
        LimitsErrorKind::Configuration
    } else {
        LimitsErrorKind::Unavailable
    };
    LimitsError::new(kind, format_args!("Redis: {text}"))
}

/// Returns whether the script is not in the server's cache, so that it did not run.
pub(crate) fn is_missing_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Returns the message of the server, or the category of an error of the driver. Texts of the driver may contain the
/// address with its password.
fn describe(error: &RedisError) -> String {
    if matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) {
        return format!("{} {}", error.code().unwrap_or_default(), error.detail().unwrap_or_default());
    }
    if error.is_timeout() { "no response in time".to_owned() } else { error.category().to_owned() }
}
