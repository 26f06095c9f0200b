//! Calls as data, before they are sent.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use avala_transport::{Body, CallOptions, Sent};
use avala_types::{Cursor, encode_json};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::endpoint::{Endpoint, query_name, query_value};
use crate::error::Error;
use crate::extras::Extras;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Body of a request.
#[derive(Clone, Debug, Default)]
enum Payload {
    #[default]
    None,
    Json(Bytes),
    /// A body of the user. Clones of a call share it, because some bodies can be read only once.
    Shared(Arc<SharedBody>),
}

#[derive(Debug)]
struct SharedBody {
    content_type: HeaderValue,
    /// `None` after a body that can be read only once was sent.
    body: Mutex<Option<Body>>,
}

impl SharedBody {
    fn take(&self) -> Option<Body> {
        let mut body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        match body.as_ref().map(Body::try_clone) {
            Some(Some(copy)) => Some(copy),
            _ => body.take(),
        }
    }
}

/// A call as data: everything but the base URL and the credentials.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) endpoint: Endpoint,
    pub(crate) path: String,
    query: Vec<(Cow<'static, str>, String)>,
    /// Cursor at which a list starts.
    pub(crate) cursor: Option<Cursor>,
    /// Whether the cursor is the link of the page before, inside a stream.
    follows_link: bool,
    body: Payload,
    pub(crate) options: CallOptions,
    /// Boxed, because few calls have any.
    extras: Option<Box<Extras>>,
    /// The first invalid argument, which fails the call when it is sent.
    invalid: Option<Box<Invalid>>,
}

/// Reason why the arguments do not form a request, as data, so that a call stays cloneable until it is sent.
#[derive(Clone, Debug)]
struct Invalid {
    message: String,
    /// Its path in the payload.
    json_path: Option<String>,
}

impl Request {
    pub(crate) fn new(endpoint: Endpoint, segments: &[&str]) -> Self {
        match endpoint.path(segments) {
            Ok(path) => Self::at(endpoint, path),
            Err(message) => {
                let mut this = Self::at(endpoint, String::new());
                this.reject(message);
                this
            }
        }
    }

    /// Creates a request with a path that is complete and encoded.
    pub(crate) fn at(endpoint: Endpoint, path: String) -> Self {
        let mut options = CallOptions::default();
        options.operation = Some(endpoint.operation);
        options.route = Some(endpoint.route);
        Self {
            endpoint,
            path,
            query: Vec::new(),
            cursor: None,
            follows_link: false,
            body: Payload::None,
            options,
            extras: None,
            invalid: None,
        }
    }

    /// Makes the call fail when it is sent. The first reason is reported.
    pub(crate) fn reject(&mut self, message: impl Into<String>) {
        self.reject_at(message, None);
    }

    fn reject_at(&mut self, message: impl Into<String>, json_path: Option<String>) {
        self.invalid.get_or_insert_with(|| Box::new(Invalid { message: message.into(), json_path }));
    }

    /// Fails if an argument is invalid.
    fn check(&self) -> Result<(), Error> {
        match self.invalid.as_deref() {
            None => Ok(()),
            Some(Invalid { message, json_path }) => {
                Err(Error::invalid(&self.endpoint, message.as_str(), json_path.clone()))
            }
        }
    }

    /// Sets a header; one that may not be set is an invalid argument.
    pub(crate) fn set_header(&mut self, name: &str, value: &[u8]) {
        if let Err(message) = self.extras.get_or_insert_default().set_header(name, value) {
            self.reject(message);
        }
    }

    pub(crate) fn set_extension<V: Clone + Send + Sync + 'static>(&mut self, value: V) {
        self.extras.get_or_insert_default().set_extension(value);
    }

    pub(crate) fn set_route(&mut self, route: &'static str) {
        self.endpoint.route = route;
        self.options.route = Some(route);
    }

    /// Sets a parameter of the query and replaces an earlier value.
    pub(crate) fn param(&mut self, name: &'static str, value: String) {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((Cow::Borrowed(name), value));
    }

    /// Adds a parameter of the query; all values of a name are sent.
    pub(crate) fn add_param(&mut self, name: Cow<'static, str>, value: String) {
        self.query.push((name, value));
    }

    /// Sets a parameter of the query to several values; no value removes it.
    pub(crate) fn params(&mut self, name: &'static str, values: impl Iterator<Item = String>) {
        self.query.retain(|(known, _)| *known != name);
        self.query.extend(values.map(|value| (name.into(), value)));
    }

    /// Continues with the link of the page before.
    pub(crate) fn follow(&mut self, link: Cursor) {
        self.cursor = Some(link);
        self.follows_link = true;
    }

    /// Sets a JSON payload; one that JSON cannot express is an invalid argument.
    pub(crate) fn json<P: Serialize + ?Sized>(&mut self, payload: &P) {
        match encode_json(payload) {
            Ok(body) => self.body = Payload::Json(body.into()),
            Err(error) => {
                let message = match error.number() {
                    Some(number) => format!("the payload holds {number}, which JSON cannot express"),
                    None => format!("the payload cannot be written as JSON: {error}"),
                };
                self.reject_at(message, error.path().map(str::to_owned));
            }
        }
    }

    /// Sets a body of the user.
    pub(crate) fn set_body(&mut self, content_type: HeaderValue, body: Body) {
        self.body = Payload::Shared(Arc::new(SharedBody { content_type, body: Mutex::new(Some(body)) }));
    }

    /// Prints method and route only: a body may hold secrets.
    pub(crate) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{name}({} {})", self.endpoint.method, self.endpoint.route)
    }

    /// Returns the data that reading the response needs: the endpoint, and the path below the base URL.
    pub(crate) fn into_parts(self) -> (Endpoint, String) {
        (self.endpoint, self.path)
    }

    /// Returns the path and the query.
    ///
    /// The server's own link is sent unchanged. The filters of a cursor from elsewhere have to equal those of the call,
    /// if the call has any: a cursor that was stored or changed must not widen a list. Filters that the cursor lacks
    /// are added.
    pub(crate) fn target(&self) -> Result<String, Error> {
        self.check()?;
        let mut target = self.path.clone();
        let mut separator = '?';
        let mut push = |name: &str, value: &mut dyn Iterator<Item = &str>| {
            target.push(std::mem::replace(&mut separator, '&'));
            target.push_str(name);
            target.extend(value);
        };
        if let Some(cursor) = &self.cursor {
            let query = cursor.query().map_err(|error| Error::link(&self.endpoint, &error, Sent::No))?;
            if self.follows_link {
                push(query, &mut std::iter::empty());
                return Ok(target);
            }
            for pair in query.split('&') {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let decoded = form_decode(name);
                let mut own = self.query.iter().filter(|(own, _)| *own == decoded).map(|(_, own)| own).peekable();
                match own.peek().copied() {
                    None => push(pair, &mut std::iter::empty()),
                    // The page size does not change which items the list has.
                    Some(_) if decoded == "limit" => {}
                    Some(first) => {
                        let value = form_decode(value);
                        if own.all(|own| *own != *value) {
                            return Err(self.contradiction(&decoded, first));
                        }
                    }
                }
            }
        }
        for (name, value) in &self.query {
            let name = query_name(name);
            push(&name, &mut std::iter::once("=").chain(query_value(value)));
        }
        Ok(target)
    }

    fn contradiction(&self, name: &str, own: &str) -> Error {
        let message = format!(
            "the cursor has another {name} than this call, which has {own:?}: \
             a cursor belongs to the filters that it was made with"
        );
        Error::invalid(&self.endpoint, message, None)
    }

    /// Creates the request that is sent, with a path below the base URL. Takes a body that can be read only once.
    pub(crate) fn to_http(&self) -> Result<http::Request<Body>, Error> {
        let head = self.head()?;
        let body = match &self.body {
            Payload::None => Body::empty(),
            Payload::Json(json) => json.clone().into(),
            Payload::Shared(shared) => shared.take().ok_or_else(|| {
                let message = "the body can be read only once and was sent already: create the call again";
                Error::invalid(&self.endpoint, message, None)
            })?,
        };
        Ok(head.map(|()| body))
    }

    /// Creates the request for inspection: a body that is not in memory is left out.
    pub(crate) fn preview(&self) -> Result<http::Request<Bytes>, Error> {
        let bytes = match &self.body {
            Payload::None => Bytes::new(),
            Payload::Json(json) => json.clone(),
            Payload::Shared(shared) => {
                let body = shared.body.lock().unwrap_or_else(PoisonError::into_inner);
                body.as_ref().and_then(|body| body.as_bytes().cloned()).unwrap_or_default()
            }
        };
        Ok(self.head()?.map(|()| bytes))
    }

    fn head(&self) -> Result<http::Request<()>, Error> {
        let mut request = http::Request::new(());
        *request.method_mut() = self.endpoint.method.clone();
        *request.uri_mut() = self.target()?.try_into().map_err(|error: http::uri::InvalidUri| {
            let message = format!("the arguments do not form a valid URL: {error}");
            Error::invalid(&self.endpoint, message, None)
        })?;
        request.headers_mut().insert(ACCEPT, JSON);
        match &self.body {
            Payload::Json(_) => drop(request.headers_mut().insert(CONTENT_TYPE, JSON)),
            Payload::Shared(shared) => {
                request.headers_mut().insert(CONTENT_TYPE, shared.content_type.clone());
            }
            // Here and not only in the transport, for clients on a service of the user.
            Payload::None if matches!(self.endpoint.method, Method::POST | Method::PUT | Method::PATCH) => {
                request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Payload::None => {}
        }
        if let Some(extras) = &self.extras {
            extras.apply(&mut request);
        }
        // Last, so that an extension of the caller does not replace it.
        request.extensions_mut().insert(self.options.clone());
        Ok(request)
    }
}

/// Decodes a name or a value of a query, as servers do.
fn form_decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn list() -> Request {
        Request::new(Endpoint::get("tasks.list", "/tasks/"), &[])
    }

    #[test]
    fn values_cannot_leave_their_parameter() {
        let mut request = list();
        request.param("status", "in progress&limit=9#".to_owned());
        request.param("project", "p1".to_owned());
        request.param("status", "a=b+c".to_owned());
        assert_eq!(request.target().unwrap(), "/tasks/?project=p1&status=a%3Db%2Bc");
    }

    fn with_cursor(cursor: &str, filters: &[(&'static str, &str)]) -> Result<String, Error> {
        let mut request = list();
        for (name, value) in filters {
            request.param(name, (*value).to_owned());
        }
        request.cursor = Some(cursor.parse().unwrap());
        request.target()
    }

    #[test]
    fn filters_of_a_cursor_are_kept_or_added() {
        let pending = [("status", "in progress"), ("limit", "50")];
        for (cursor, filters, target) in [
            ("cursor=a%3D%3D&status=pending&limit=9", &[][..], "cursor=a%3D%3D&status=pending&limit=9"),
            ("cursor=a%3D%3D&status=in+progress", &pending, "cursor=a%3D%3D&status=in%20progress&limit=50"),
            ("limit=9&st%61tus=in%20progress&page=2", &pending, "page=2&status=in%20progress&limit=50"),
            ("page=2&project=p1", &pending, "page=2&project=p1&status=in%20progress&limit=50"),
        ] {
            assert_eq!(with_cursor(cursor, filters).unwrap(), format!("/tasks/?{target}"));
        }
    }

    #[test]
    fn a_filter_that_contradicts_the_call_is_an_error() {
        for cursor in [
            "cursor=a&project=p2",
            "project=p1&cursor=a&project=p2",
            "cursor=a&project=",
            "cursor=a&project",
            "cursor=a&%70roject=p2",
            "cursor=a&project=p1%00",
        ] {
            let error = with_cursor(cursor, &[("project", "p1")]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request, "{cursor}");
            assert!(error.to_string().contains("another project"), "{error}");
        }
    }

    #[test]
    fn a_link_inside_a_stream_goes_out_as_it_came() {
        let mut request = list();
        request.param("status", "pending".to_owned());
        request.follow(Cursor::from_link("https://x/?cursor=a%3D%3D&status=%70ending&x").unwrap());
        assert_eq!(request.target().unwrap(), "/tasks/?cursor=a%3D%3D&status=%70ending&x");
    }
}
