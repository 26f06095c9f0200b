//! From the bytes of an answer to its value.

use std::sync::Arc;

use avala_transport::BaseUrl;
use avala_types::{CursorPage, RawPageResponse};
use bytes::Bytes;
use http::Uri;
use serde::de::DeserializeOwned;

use crate::error::{ErrorKind, Failure};

/// What a decoder may look at.
pub(crate) struct Source<'a> {
    pub(crate) body: &'a Bytes,
    /// Where the API is, when the client knows it.
    pub(crate) base_url: Option<&'a BaseUrl>,
}

/// A decoder with arguments of its own.
type DecodeFn<T> = dyn Fn(Source<'_>) -> Result<T, Failure> + Send + Sync;

/// How a call makes a value of an answer.
pub(crate) enum Decoder<T> {
    /// A plain function, chosen in this crate, so that decoding is compiled here once and not in every user's crate.
    Plain(fn(Source<'_>) -> Result<T, Failure>),
    /// For what is derived from an answer with the help of an argument, as one frame of a sequence.
    Derived(Arc<DecodeFn<T>>),
}

impl<T> Decoder<T> {
    pub(crate) fn decode(&self, source: Source<'_>) -> Result<T, Failure> {
        match self {
            Self::Plain(decode) => decode(source),
            Self::Derived(decode) => decode(source),
        }
    }
}

impl<T> Clone for Decoder<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(decode) => Self::Plain(*decode),
            Self::Derived(decode) => Self::Derived(Arc::clone(decode)),
        }
    }
}

/// Decodes a value.
pub(crate) fn json<T: DeserializeOwned>(source: Source<'_>) -> Result<T, Failure> {
    if source.body.is_empty() {
        return Err(Failure::new(ErrorKind::Decode, "the body is empty where JSON was promised"));
    }
    let text = std::str::from_utf8(source.body)
        .map_err(|error| Failure { source: Some(error.into()), ..not_json("the body is not UTF-8 text") })?;
    serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => explain::<T>(text, error),
        false => Failure { source: Some(error.into()), ..not_json("the body is not JSON") },
    })
}

/// Takes whatever a call answers that promises nothing: usually no body, and on some deployments a word or two.
pub(crate) fn nothing(_: Source<'_>) -> Result<(), Failure> {
    Ok(())
}

/// Decodes one page of a list.
pub(crate) fn page<T: DeserializeOwned>(source: Source<'_>) -> Result<CursorPage<T>, Failure> {
    let base_url = source.base_url;
    let page: RawPageResponse<T> = json(source)?;
    if let (Some(base_url), Some(next)) = (base_url, &page.next) {
        check_origin(base_url, next)?;
    }
    page.into_page().map_err(|error| Failure::new(ErrorKind::Pagination, error.to_string()))
}

fn not_json(message: &str) -> Failure {
    Failure::new(ErrorKind::Decode, message)
}

/// Decodes once more to learn where it fails. Keeping track of that all the time would slow down every good answer.
fn explain<T: DeserializeOwned>(text: &str, error: serde_json::Error) -> Failure {
    let located = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(text));
    let json_path = located.err().map(|located| located.path().to_string());
    let message = error.to_string();
    Failure { json_path, source: Some(error.into()), ..Failure::new(ErrorKind::Decode, message) }
}

/// Refuses a link to another server. No request would go there in any case, but a page that names another server is
/// not the answer of the one that was asked.
fn check_origin(base_url: &BaseUrl, next: &str) -> Result<(), Failure> {
    // What is no address at all is told apart when the link is read as a cursor.
    let uri: Uri = next.parse().unwrap_or_default();
    // `Uri` reads a link without a scheme as a path, and yet it names a host.
    let leads_elsewhere = next.starts_with("//") || (uri.host().is_some() && !base_url.same_origin(&uri));
    if !leads_elsewhere {
        return Ok(());
    }
    let (scheme, host) = (uri.scheme_str().unwrap_or("no scheme"), uri.host().unwrap_or("another host"));
    let message = format!(
        "the link to the next page leads to {host} ({scheme}), and the API is at {base_url}: \
         if both are the same server, make the first one the base URL"
    );
    Err(Failure::new(ErrorKind::Pagination, message))
}

#[cfg(test)]
mod tests {
    use avala_types::{Dataset, Task};

    use super::*;

    fn source(body: &'static str) -> Bytes {
        Bytes::from_static(body.as_bytes())
    }

    fn failure<T: DeserializeOwned>(body: &'static str) -> Failure {
        let body = source(body);
        json::<T>(Source { body: &body, base_url: None }).err().unwrap()
    }

    #[test]
    fn a_wrong_shape_is_located() {
        let failure = failure::<Vec<Dataset>>(r#"[{"uid":"a","name":"n","slug":"s"},{"uid":"b","name":7,"slug":"s"}]"#);
        assert_eq!(failure.json_path.as_deref(), Some("[1].name"));
        assert!(failure.message.contains("invalid type: integer `7`, expected a string"), "{}", failure.message);
    }

    #[test]
    fn what_is_not_json_is_named_so() {
        assert!(failure::<Task>("").message.contains("empty"));
        assert!(failure::<Task>("<html></html>").message.contains("not JSON"));
        assert!(failure::<Task>(r#"{"uid":"a""#).message.contains("not JSON"), "cut off");
        let body = Bytes::from_static(&[b'"', 0xff, b'"']);
        let failure = json::<String>(Source { body: &body, base_url: None }).err().unwrap();
        assert!(failure.message.contains("UTF-8"));
    }

    #[test]
    fn a_link_to_another_server_is_refused() {
        let base_url = BaseUrl::default();
        let page = |next: &str| {
            let body = Bytes::from(serde_json::json!({"results": [], "next": next}).to_string());
            page::<Task>(Source { body: &body, base_url: Some(&base_url) })
        };
        for good in [
            "https://api.avala.ai/api/v1/tasks/?cursor=a",
            "https://API.avala.ai:443/?cursor=a",
            "/tasks/?cursor=a",
            "?cursor=a",
        ] {
            assert!(page(good).is_ok(), "{good}");
        }
        for bad in [
            "https://api.avala.ai.example.com/tasks/?cursor=a",
            "http://api.avala.ai/tasks/?cursor=a",
            "https://api.avala.ai:8443/tasks/?cursor=a",
            "https://key@api.avala.ai/tasks/?cursor=a",
            "//example.com/tasks/?cursor=a",
            "api.example.com",
            "file:///etc/passwd?cursor=a b",
            "nonsense",
        ] {
            assert_eq!(page(bad).err().map(|failure| failure.kind), Some(ErrorKind::Pagination), "{bad}");
        }
    }
}
