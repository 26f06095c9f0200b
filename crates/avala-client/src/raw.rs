//! Raw calls, for endpoints that this version does not know.

use std::borrow::Cow;
use std::fmt;

use avala_transport::Body;
use avala_types::Json;
use bytes::Bytes;
use http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::avala::Avala;
use crate::call::{Call, CallFuture};
use crate::decode;
use crate::decode::{Decoder, Source};
use crate::endpoint::{Endpoint, segment};
use crate::error::{Error, Failure};
use crate::list::List;
use crate::meta::Response;
use crate::options::{call_options, call_timeout};
use crate::request::Request;

/// The name of raw calls in errors, logs and metrics.
const OPERATION: &str = "request";

/// The route of a raw call whose path is data, which does not belong in logs and metrics.
const DYNAMIC_ROUTE: &str = "/{path}";

impl Avala {
    /// Creates a call of any endpoint, known or not, with the client's credentials, retries, limits and errors.
    ///
    /// The path is below the base URL, such as `/beta/things/`. Put data into it with [`RawCall::path`], which encodes
    /// it, and set the query with [`RawCall::query`].
    ///
    /// A path that starts with anything but one `/`, has a query, a fragment, an empty segment, `.` or `..`, or has
    /// characters that need percent-encoding fails with [`ErrorKind::Request`](crate::ErrorKind::Request) when the call
    /// is awaited; so do absolute URIs and other hosts. Nothing is sent then.
    ///
    /// Errors, logs and metrics have the operation `request`, and as the route the path if it is a literal.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala, uid: &str) -> Result<(), avala_client::Error> {
    /// use avala_client::Method;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Thing { uid: String }
    ///
    /// let json = avala.request(Method::GET, "/beta/things/").query("state", "new").await?;
    /// println!("{}", json.get());
    ///
    /// let thing: Thing = avala.request(Method::GET, "/beta/things/").path([uid]).decode_as().await?;
    /// let mut things = avala.request(Method::GET, "/beta/things/").list::<Thing>().items();
    /// while let Some(thing) = things.next().await {
    ///     println!("{}", thing?.uid);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<Cow<'static, str>>) -> RawCall {
        let path = path.into();
        let refusal = refusal(&method, &path);
        let route = match &path {
            Cow::Borrowed(literal) if refusal.is_none() => literal,
            _ => DYNAMIC_ROUTE,
        };
        let endpoint = Endpoint { operation: OPERATION, method, route };
        let mut request = Request::at(endpoint, path.into_owned());
        if let Some(reason) = refusal {
            request.reject(format!("invalid path or method of a raw call: {reason}"));
        }
        RawCall(Call::new(self, request, Decoder::Plain(json_or_null)))
    }
}

/// A call of any endpoint, which is sent when it is awaited. Created by [`Avala::request`].
///
/// Awaiting it returns the response body as [`Json`]. An empty body counts as `null`.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone)]
pub struct RawCall(Call<Json>);

impl RawCall {
    /// Appends segments to the path. Each segment is percent-encoded, so that data cannot change the rest of the URL.
    ///
    /// The path keeps its ending: with a trailing slash it still has one afterwards. A segment that is empty, `.` or
    /// `..` fails with [`ErrorKind::Request`](crate::ErrorKind::Request) when the call is awaited.
    ///
    /// ```
    /// # fn example(avala: avala_client::Avala, uid: &str) -> Result<(), avala_client::Error> {
    /// use avala_client::Method;
    ///
    /// let call = avala.request(Method::GET, "/").path(["beta", "things", "a/b"]);
    /// assert_eq!(call.to_http()?.uri().path(), "/api/v1/beta/things/a%2Fb/");
    /// # Ok(())
    /// # }
    /// ```
    pub fn path<I>(mut self, segments: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let request = self.request_mut();
        for value in segments {
            let value = value.as_ref();
            let Some(encoded) = segment(value) else {
                request.reject(format!(
                    "the path segment is {value:?}, which cannot be part of a path: pass a UID, a slug or a name"
                ));
                break;
            };
            if request.endpoint.route == "/" {
                request.set_route(DYNAMIC_ROUTE);
            }
            let path = &mut request.path;
            if path.ends_with('/') {
                path.extend(encoded);
                path.push('/');
            } else {
                path.push('/');
                path.extend(encoded);
            }
        }
        self
    }

    /// Sets the route for errors, logs and metrics, such as `/beta/things/{uid}/`. It does not change what is sent.
    ///
    /// The default is the path that [`Avala::request`] got, if it is a literal.
    pub fn route(mut self, route: &'static str) -> Self {
        self.request_mut().set_route(route);
        self
    }

    /// Adds a query parameter, percent-encoded. A name that was added before is sent once more.
    ///
    /// ```
    /// # fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let call = avala.request(avala_client::Method::GET, "/beta/things/").query("tag", "a&b").query("tag", "c");
    /// assert_eq!(call.to_http()?.uri().query(), Some("tag=a%26b&tag=c"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.request_mut().add_param(name.into(), value.into());
        self
    }

    /// Sends a value as a JSON body.
    ///
    /// A value that JSON cannot express, such as NaN, fails with [`ErrorKind::Request`](crate::ErrorKind::Request) when
    /// the call is awaited.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// #[derive(serde::Serialize)]
    /// struct NewThing { name: &'static str }
    ///
    /// let created = avala.request(avala_client::Method::POST, "/beta/things/").json(&NewThing { name: "a" }).await?;
    /// println!("{created}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn json<P: Serialize + ?Sized>(self, payload: &P) -> Self {
        Self(self.0.json(payload))
    }

    /// Sends a body of any kind: bytes, a text, a file, or a stream of known length.
    ///
    /// The call can be repeated if the body can: see [`Body`]. Clones of the call share a body that can be read only
    /// once; the second one that is sent fails with [`ErrorKind::Request`](crate::ErrorKind::Request).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), Box<dyn std::error::Error>> {
    /// use avala_client::Method;
    /// use avala_client::transport::Body;
    ///
    /// let file = Body::file("drive.mcap").await?;
    /// avala.request(Method::PUT, "/beta/files/").path(["drive"]).body("application/octet-stream", file).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn body(mut self, content_type: impl AsRef<str>, body: impl Into<Body>) -> Self {
        let request = self.request_mut();
        match HeaderValue::from_str(content_type.as_ref()) {
            Ok(content_type) => request.set_body(content_type, body.into()),
            Err(_) => {
                request.reject("the content type has a line break or control character; write it like `text/csv`");
            }
        }
        self
    }

    /// Decodes the response into your own type. An empty body counts as `null`, which `()` and `Option` accept.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Thing { name: String }
    ///
    /// let thing: Thing = avala.request(avala_client::Method::GET, "/beta/things/").path(["t1"]).decode_as().await?;
    /// println!("{}", thing.name);
    /// # Ok(())
    /// # }
    /// ```
    pub fn decode_as<T: DeserializeOwned>(self) -> Call<T> {
        self.0.with_decoder(Decoder::Plain(json_or_null))
    }

    /// Reads the response as one page of a list, and follows the links to the next pages.
    ///
    /// All shapes of the API are accepted: results with links, the same with a count, and an array.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Thing { name: String }
    ///
    /// let mut things = avala.request(avala_client::Method::GET, "/beta/things/").list::<Thing>().items();
    /// while let Some(thing) = things.next().await {
    ///     println!("{}", thing?.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list<T: DeserializeOwned>(self) -> List<T> {
        List::<Json>::new(&self.0.avala, self.0.request).decode_as()
    }

    /// Returns the same call with response metadata: status, request ID, rate limit and attempts.
    pub fn with_meta(self) -> Call<Response<Json>> {
        self.0.with_meta()
    }

    /// Returns the request that would be sent, without the credentials.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if an argument is invalid.
    pub fn to_http(&self) -> Result<http::Request<Bytes>, Error> {
        self.0.to_http()
    }

    fn request_mut(&mut self) -> &mut Request {
        self.0.request_mut()
    }
}

call_options!(RawCall);
call_timeout!(RawCall, "the call");

impl IntoFuture for RawCall {
    type Output = Result<Json, Error>;
    type IntoFuture = CallFuture<Json>;

    fn into_future(self) -> CallFuture<Json> {
        self.0.into_future()
    }
}

impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.request.debug("RawCall", f)
    }
}

/// Decodes a body that may be empty, such as that of a `DELETE`.
fn json_or_null<T: DeserializeOwned>(source: Source<'_>) -> Result<T, Failure> {
    if source.body.trim_ascii().is_empty() {
        let null = Bytes::from_static(b"null");
        return decode::json::<T>(Source { body: &null, ..source });
    }
    decode::json(source)
}

/// Returns why a raw call cannot have this method and path; `None` if it can.
fn refusal(method: &Method, path: &str) -> Option<&'static str> {
    if *method == Method::CONNECT {
        return Some("CONNECT asks for a tunnel; use a method with a response");
    }
    if path.starts_with("//") {
        return Some("`//` names another host; pass a path below the base URL, such as `/beta/things/`");
    }
    if !path.starts_with('/') {
        let is_absolute = path.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
        return Some(if is_absolute {
            "it is an absolute URI; pass a path below the base URL, such as `/beta/things/`"
        } else {
            "it does not start with `/`; write it like `/beta/things/`"
        });
    }
    if path.contains('?') {
        return Some("it has a query; set parameters with `query`");
    }
    if path.contains('#') {
        return Some("it has a fragment, which is never sent; remove everything from `#` on");
    }
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte);
    if !path.bytes().all(is_legal) {
        return Some("it has a character that needs percent-encoding; add data with `path`, which encodes it");
    }
    let is_escape = |rest: &str| rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if !path.split('%').skip(1).all(is_escape) {
        return Some("it has a `%` without two hexadecimal digits; add data with `path`, which encodes it");
    }
    // Like servers that decode a path before they resolve it, or ignore the parameters of a segment.
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut segments = decoded.split(['/', '\\']).map(|segment| segment.split(';').next());
    if segments.any(|segment| matches!(segment, Some("." | ".."))) {
        return Some("it has a segment `.` or `..`, which would lead to another path; write the path out");
    }
    if path.contains("//") {
        return Some("it has an empty segment; remove one of the two `/`");
    }
    None
}
