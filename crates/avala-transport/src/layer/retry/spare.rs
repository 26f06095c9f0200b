//! Copies of requests for another attempt.

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

use crate::body::Body;
use crate::context::CallState;
use crate::context::options::CallOptions;

/// Copy of a request, made before an attempt takes the request.
///
/// Few calls need a second attempt, and most have one or two headers and no extension of others. Those are kept in
/// place, so that the copy allocates nothing.
pub(super) struct Spare {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Headers,
    extensions: Kept,
    body: Body,
}

enum Headers {
    Few([Option<(HeaderName, HeaderValue)>; 2]),
    Many(HeaderMap),
}

enum Kept {
    Own(Option<CallOptions>, Option<CallState>),
    All(Extensions),
}

impl Spare {
    /// Copies the request with its extensions; `None` if its body can be read only once.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        Some(Self {
            body: request.body().try_clone()?,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: Headers::of(request.headers()),
            extensions: Kept::of(request.extensions()),
        })
    }

    pub(super) fn into_request(self) -> Request<Body> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        match self.headers {
            Headers::Few(few) => request.headers_mut().extend(few.into_iter().flatten()),
            Headers::Many(all) => *request.headers_mut() = all,
        }
        match self.extensions {
            Kept::Own(options, state) => {
                if let Some(options) = options {
                    request.extensions_mut().insert(options);
                }
                if let Some(state) = state {
                    request.extensions_mut().insert(state);
                }
            }
            Kept::All(all) => *request.extensions_mut() = all,
        }
        request
    }
}

impl Headers {
    fn of(headers: &HeaderMap) -> Self {
        if headers.len() > 2 {
            return Self::Many(headers.clone());
        }
        let mut each = headers.iter().map(|(name, value)| (name.clone(), value.clone()));
        Self::Few([each.next(), each.next()])
    }
}

impl Kept {
    fn of(extensions: &Extensions) -> Self {
        let (options, state) = (extensions.get::<CallOptions>(), extensions.get::<CallState>());
        if extensions.len() > usize::from(options.is_some()) + usize::from(state.is_some()) {
            return Self::All(extensions.clone());
        }
        Self::Own(options.cloned(), state.cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Foreign(u8);

    #[test]
    fn copy_has_everything_of_the_request() {
        for headers in 0..4 {
            for extensions in 0..4 {
                let mut request = Request::put("/x/?y=z").version(Version::HTTP_10).body(Body::from("all")).unwrap();
                for number in 0..headers {
                    // Two values of one name, and others.
                    let name = HeaderName::try_from(format!("x-{}", number / 2)).unwrap();
                    request.headers_mut().append(name, HeaderValue::from(number));
                }
                if extensions > 0 {
                    let options = CallOptions { operation: Some("datasets.get"), ..CallOptions::default() };
                    request.extensions_mut().insert(options);
                }
                if extensions > 1 {
                    request.extensions_mut().insert(CallState::start(None));
                }
                if extensions > 2 {
                    request.extensions_mut().insert(Foreign(7));
                }
                let copy = Spare::of(&request).unwrap().into_request();
                assert_eq!(
                    (copy.method(), copy.uri(), copy.version()),
                    (request.method(), request.uri(), request.version())
                );
                assert_eq!(copy.headers(), request.headers());
                assert_eq!(copy.body().as_bytes(), request.body().as_bytes());
                let (copied, own) = (copy.extensions(), request.extensions());
                assert_eq!(copied.len(), own.len());
                let operation = |all: &Extensions| all.get::<CallOptions>().map(|options| options.operation);
                assert_eq!(operation(copied), operation(own));
                assert_eq!(copied.get::<CallState>().is_some(), own.get::<CallState>().is_some());
                assert_eq!(copied.get::<Foreign>(), own.get::<Foreign>());
            }
        }
    }

    #[test]
    fn body_that_can_be_read_once_has_no_copy() {
        let body = Body::stream(3, futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from("all"))]));
        assert!(Spare::of(&Request::new(body)).is_none());
    }
}
