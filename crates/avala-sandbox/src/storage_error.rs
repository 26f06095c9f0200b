//! Errors in the XML of S3.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::state::storage::sign::Refused;

/// A response of the storage host, or an error.
pub(crate) type StorageResponse = Result<Response, StorageError>;

/// An error in the XML of S3.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StorageError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl StorageError {
    pub(crate) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub(crate) const NO_SUCH_KEY: Self =
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    pub(crate) const NO_SUCH_UPLOAD: Self = Self::new(
        StatusCode::NOT_FOUND,
        "NoSuchUpload",
        "The specified multipart upload does not exist. It may have been completed or aborted.",
    );
    pub(crate) const EXISTS: Self = Self::new(
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    );
    pub(crate) const CREDENTIALS: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "InvalidArgument",
        "Only one auth mechanism allowed: the signature in the URL, and no credentials in headers",
    );
    pub(crate) const MALFORMED_FORM: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "MalformedPOSTRequest",
        "The body of your POST request is not well-formed multipart/form-data.",
    );
    pub(crate) const NO_LENGTH: Self = Self::new(
        StatusCode::LENGTH_REQUIRED,
        "MissingContentLength",
        "You must provide the Content-Length HTTP header.",
    );
    pub(crate) const WRONG_SIZE: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "EntityTooLarge",
        "Your proposed upload does not have the size that the policy allows",
    );
    pub(crate) const INVALID_KEY: Self = Self::new(StatusCode::BAD_REQUEST, "InvalidURI", "The key is not UTF-8.");
    pub(crate) const METHOD: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    );
    pub(crate) const NOT_KEPT: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalError",
        "The sandbox is configured to drop the bytes of objects.",
    );
    pub(crate) const BROKEN: Self =
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The sandbox cannot write to its disk.");
    pub(crate) const EXPIRED: Self = Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
    pub(crate) const SLOW_DOWN: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.");

    pub(crate) fn status(self) -> StatusCode {
        self.status
    }

    /// Returns the body of the response.
    pub(crate) fn xml(self) -> String {
        let Self { code, message, .. } = self;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        )
    }
}

impl From<Refused> for StorageError {
    fn from(refused: Refused) -> Self {
        let denied = |message| Self::new(StatusCode::FORBIDDEN, "AccessDenied", message);
        match refused {
            Refused::Unsigned => denied("Access Denied"),
            Refused::Expired => Self::EXPIRED,
            Refused::UnsignedHeader => denied("There were headers present in the request which were not signed"),
            Refused::SignatureDoesNotMatch => Self::new(
                StatusCode::FORBIDDEN,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
        }
    }
}

impl IntoResponse for StorageError {
    fn into_response(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, "application/xml")], self.xml()).into_response()
    }
}
