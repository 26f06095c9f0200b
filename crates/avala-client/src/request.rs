//! A call as data, before it is sent.

use avala_transport::{Body, CallOptions};
use avala_types::Cursor;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::Serialize;

use crate::endpoint::{Endpoint, query_value};
use crate::error::Invalid;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What is sent: everything but the address of the server and the key.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) endpoint: Endpoint,
    path: String,
    query: Vec<(&'static str, String)>,
    /// Where in a list to start.
    pub(crate) cursor: Option<Cursor>,
    body: Option<Bytes>,
    pub(crate) options: CallOptions,
}

impl Request {
    pub(crate) fn new(endpoint: Endpoint, segments: &[&str]) -> Result<Self, Invalid> {
        let path = endpoint.path(segments)?;
        let mut options = CallOptions::default();
        options.operation = endpoint.operation;
        options.route = endpoint.route;
        Ok(Self { endpoint, path, query: Vec::new(), cursor: None, body: None, options })
    }

    /// Sets a parameter of the query; the last value counts.
    pub(crate) fn param(&mut self, name: &'static str, value: String) {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value));
    }

    pub(crate) fn json<P: Serialize + ?Sized>(&mut self, payload: &P) -> Result<(), Invalid> {
        let body = serde_json::to_vec(payload).map_err(|error| {
            let message = format!("the payload has no form in JSON: {error}");
            Invalid { endpoint: self.endpoint.clone(), message }
        })?;
        self.body = Some(body.into());
        Ok(())
    }

    /// The path and the query.
    ///
    /// A cursor is the query of the server's own link and goes out as it came. Filters that the link leaves out are
    /// added, so that a list never widens from one page to the next.
    pub(crate) fn target(&self) -> String {
        let mut target = self.path.clone();
        let mut separator = '?';
        let place = self.cursor.as_ref().map_or("", Cursor::as_query);
        if !place.is_empty() {
            target.push(separator);
            target.push_str(place);
            separator = '&';
        }
        let is_in_place = |name: &str| place.split('&').any(|pair| pair.split('=').next() == Some(name));
        for (name, value) in self.query.iter().filter(|(name, _)| !is_in_place(name)) {
            target.push(separator);
            target.push_str(name);
            target.push('=');
            target.extend(query_value(value));
            separator = '&';
        }
        target
    }

    /// The request with its path below the base address.
    pub(crate) fn to_http(&self) -> Result<http::Request<Body>, Invalid> {
        let mut request = http::Request::new(self.body.clone().map_or_else(Body::empty, Body::from));
        *request.method_mut() = self.endpoint.method.clone();
        *request.uri_mut() = self.target().try_into().map_err(|error: http::uri::InvalidUri| {
            let message = format!("no address can be made of its arguments: {error}");
            Invalid { endpoint: self.endpoint.clone(), message }
        })?;
        request.headers_mut().insert(ACCEPT, JSON);
        if self.body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, JSON);
        }
        request.extensions_mut().insert(self.options.clone());
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Request {
        Request::new(Endpoint::get("tasks.list", "/tasks/"), &[]).unwrap()
    }

    #[test]
    fn values_cannot_leave_their_parameter() {
        let mut request = list();
        request.param("status", "in progress&limit=9#".to_owned());
        request.param("project", "p1".to_owned());
        request.param("status", "a=b+c".to_owned());
        assert_eq!(request.target(), "/tasks/?project=p1&status=a%3Db%2Bc");
    }

    #[test]
    fn a_cursor_goes_out_as_it_came_and_filters_are_never_lost() {
        let mut request = list();
        request.param("limit", "50".to_owned());
        request.param("status", "pending".to_owned());
        request.cursor = Some(Cursor::from_link("https://x/?cursor=a%3D%3D&status=pending").unwrap());
        assert_eq!(request.target(), "/tasks/?cursor=a%3D%3D&status=pending&limit=50");
        request.cursor = Some(Cursor::page(2));
        assert_eq!(request.target(), "/tasks/?page=2&limit=50&status=pending");
    }
}
