//! Invalid arguments and settings: each is a typed error, without a request.

use avala_client::{Avala, ErrorKind, Sent};
use avala_transport::testing::ScriptedService;
use avala_types::AvalaConfig;

use crate::{bare, layered, targets};

#[tokio::test]
async fn empty_id_sends_nothing() {
    let script = ScriptedService::new();
    for id in ["", ".", ".."] {
        let error = bare(&script).datasets().get(id).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent(), error.operation()),
            (ErrorKind::Request, Sent::No, Some("datasets.get"))
        );
        assert!(error.message().contains("uid") && error.message().contains(&format!("{id:?}")), "{error}");

        let list = bare(&script).datasets().list_items("acme", id).limit(5);
        assert_eq!(list.to_http().unwrap_err().kind(), ErrorKind::Request);
        assert_eq!(list.clone().await.unwrap_err().kind(), ErrorKind::Request);
        let mut items = list.items();
        assert_eq!(items.next().await.unwrap().unwrap_err().kind(), ErrorKind::Request);
        assert!(items.next().await.is_none(), "a stream ends after its error");

        assert_eq!(bare(&script).exports().wait(id).await.unwrap_err().kind(), ErrorKind::Request);
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn no_id_changes_the_route_or_the_query() {
    let script = ScriptedService::new();
    let avala = layered(&script);
    let ids = ["a/b", "a?x=1", "a#b", "%2e%2e", "a\r\nx-evil: 1", "a b", "größe", "../../admin", "a&limit=1", "\0"];
    for id in ids {
        assert!(avala.tasks().get(id).max_attempts(1).await.is_err(), "the script is empty");
        assert!(avala.tasks().list().project(id).await.is_err(), "the script is empty");
    }
    for (request, id) in script.requests().iter().zip(ids.iter().flat_map(|id| [id, id])) {
        let uri = &request.uri;
        assert_eq!((uri.host(), uri.scheme_str()), (Some("api.avala.ai"), Some("https")), "{id}");
        let segments: Vec<_> = uri.path().split('/').collect();
        assert_eq!(segments[..4], ["", "api", "v1", "tasks"], "{id}");
        match uri.query() {
            None => assert_eq!((segments.len(), segments.last()), (6, Some(&"")), "{id}: {uri}"),
            Some(query) => assert_eq!(query.matches(['=', '&', '?', '#']).count(), 1, "{id}: {uri}"),
        }
    }
    assert_eq!(targets(&script).len(), 2 * ids.len());
}

#[test]
fn a_bad_setting_is_named() {
    let build = |key: &str, url: &str, insecure| {
        let mut config = AvalaConfig::new(key);
        config.base_url = url.to_owned();
        config.allow_insecure_base_url = insecure;
        Avala::builder().config(config).build()
    };
    let url = AvalaConfig::DEFAULT_BASE_URL;
    for (key, url, insecure, expected) in [
        ("", url, false, "key"),
        ("avk_hidden\r\nx: y", url, false, "key"),
        ("avk_hidden", "http://api.avala.ai", false, "https"),
        ("avk_hidden", "http://api.avala.ai", true, "https"),
        ("avk_hidden", "http://localhost:80", false, "https"),
        ("avk_hidden", "not a url", true, "URL"),
        ("avk_hidden", "", true, "URL"),
        ("avk_hidden", "https://me:hidden@api.avala.ai", true, "user name"),
        ("avk_hidden", "https://api.avala.ai/?key=hidden", true, "query"),
    ] {
        let error = build(key, url, insecure).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(expected) && !text.contains("hidden"), "{text}");
    }
    for (url, insecure) in [(url, false), ("http://127.0.0.1:1", true), ("http://[::1]:1", true)] {
        assert!(build("avk_hidden", url, insecure).is_ok(), "{url}");
    }
    let error = Avala::builder().build().unwrap_err();
    assert!(error.to_string().contains("no API key"), "{error}");
}

#[test]
fn debug_output_hides_the_key() {
    let builder = Avala::builder().api_key("avk_hidden");
    assert!(!format!("{builder:?}").contains("hidden"));
    let avala = builder.build().unwrap();
    let call = avala.datasets().get("d1");
    assert!(!format!("{avala:?} {call:?} {:?}", call.to_http().unwrap()).contains("hidden"));
}
