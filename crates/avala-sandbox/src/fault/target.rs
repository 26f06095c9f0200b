//! The requests that a fault matches.

use http::Method;

/// A request that faults may match.
pub(crate) struct Target<'a> {
    method: &'a Method,
    api_path: &'a str,
    is_storage: bool,
}

impl<'a> Target<'a> {
    pub(crate) fn of(method: &'a Method, api_path: &'a str, is_storage: bool) -> Self {
        Self { method, api_path, is_storage }
    }
}

/// Conditions of requests.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    pub(super) method: Option<Method>,
    pub(super) path: Option<String>,
    /// Whether only requests to the storage host match.
    pub(super) is_storage: bool,
}

impl Pattern {
    pub(super) fn fits(&self, request: &Target<'_>) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|wanted| wanted == request.method);
        let path_fits = self.path.as_deref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(prefix) => request.api_path.starts_with(prefix),
            None => request.api_path == wanted,
        });
        method_fits && path_fits && (request.is_storage || !self.is_storage)
    }
}
