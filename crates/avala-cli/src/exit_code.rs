//! Exit codes, in one table for `--help`, the help topic and the man page.

use avala_client::ErrorKind;

/// Exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    Success,
    Other,
    Usage,
    Authentication,
    NotFound,
    Validation,
    Limit,
    Timeout,
    Network,
    JobFailed,
    Partial,
    Interrupted,
}

/// A row of the table: the code, its number, its name in JSON, and its meaning.
pub(crate) struct ExitCodeRow {
    pub(crate) code: ExitCode,
    pub(crate) number: u8,
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
}

const fn row(code: ExitCode, number: u8, name: &'static str, meaning: &'static str) -> ExitCodeRow {
    ExitCodeRow { code, number, name, meaning }
}

pub(crate) const TABLE: &[ExitCodeRow] = &[
    row(ExitCode::Success, 0, "success", "The command did what it was asked to do, and checks passed."),
    row(ExitCode::Other, 1, "error", "Any other error: the server failed, a conflict, a file that cannot be read."),
    row(
        ExitCode::Usage,
        2,
        "usage",
        "Wrong usage or configuration; a question that cannot be asked. Nothing was changed.",
    ),
    row(ExitCode::Authentication, 3, "authentication", "The API key is missing, was rejected, or lacks permission."),
    row(ExitCode::NotFound, 4, "not_found", "The server has no such resource."),
    row(ExitCode::Validation, 5, "validation", "The server rejected values of the request."),
    row(ExitCode::Limit, 6, "limit", "A rate limit or quota is used up."),
    row(ExitCode::Timeout, 7, "timeout", "A call or a wait timed out."),
    row(ExitCode::Network, 8, "network", "No connection, no secure connection, or the connection was lost."),
    row(
        ExitCode::JobFailed,
        9,
        "job_failed",
        "A job on the server failed, or a check (test, evaluate, health, wait) has a bad result.",
    ),
    row(ExitCode::Partial, 10, "partial", "A part was done and a part was not; the message says how to continue."),
    row(ExitCode::Interrupted, 130, "interrupted", "A signal, Ctrl-C or the end of input at a question ended it."),
];

impl ExitCode {
    fn row(self) -> &'static ExitCodeRow {
        // The table has every code: a test counts them.
        TABLE.iter().find(|row| row.code == self).unwrap_or(&TABLE[1])
    }

    pub(crate) fn number(self) -> u8 {
        self.row().number
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns the code for an error of the client.
    pub(crate) fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Configuration | ErrorKind::Request => Self::Usage,
            ErrorKind::Authentication | ErrorKind::Forbidden => Self::Authentication,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Validation => Self::Validation,
            ErrorKind::QuotaExceeded | ErrorKind::RateLimited => Self::Limit,
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Connect | ErrorKind::Tls | ErrorKind::ConnectionLost => Self::Network,
            ErrorKind::JobFailed => Self::JobFailed,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_row_and_a_number_of_its_own() {
        let mut numbers: Vec<u8> = TABLE.iter().map(|row| row.number).collect();
        numbers.dedup();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130]);
        assert!(TABLE.iter().all(|row| row.code.number() == row.number));
    }

    #[test]
    fn kinds_of_errors_have_documented_codes() {
        for (kind, number) in [
            (ErrorKind::Configuration, 2),
            (ErrorKind::Request, 2),
            (ErrorKind::Authentication, 3),
            (ErrorKind::Forbidden, 3),
            (ErrorKind::NotFound, 4),
            (ErrorKind::Validation, 5),
            (ErrorKind::RateLimited, 6),
            (ErrorKind::QuotaExceeded, 6),
            (ErrorKind::Timeout, 7),
            (ErrorKind::Connect, 8),
            (ErrorKind::Tls, 8),
            (ErrorKind::ConnectionLost, 8),
            (ErrorKind::JobFailed, 9),
            (ErrorKind::Server, 1),
            (ErrorKind::Conflict, 1),
            (ErrorKind::Decode, 1),
        ] {
            assert_eq!(ExitCode::of(kind).number(), number, "{kind:?}");
        }
    }
}
