//! Credentials and URLs of requests.

use std::sync::atomic::{AtomicU32, Ordering};

use avala_transport::testing::{RecordedRequest, ScriptedService, Step};
use avala_transport::{
    ApiKey, ApiKeyProvider, BaseUrl, Body, BoxError, EnvApiKey, FileApiKey, ProvidedKey, Sent, TimeoutPhase,
    TransportError, TransportErrorKind as Kind,
};
use http::Request;

use crate::support::{builder, get, secs, send, with_options};

const KEY: &str = "avk_hunter2";

/// Returns the request that the service receives for `request`.
async fn sent(request: Request<Body>) -> RecordedRequest {
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().api_key(ApiKey::new(KEY).unwrap()).service(service.clone()).build().unwrap();
    send(&transport, request).await.unwrap();
    service.requests().remove(0)
}

#[tokio::test(start_paused = true)]
async fn every_request_has_the_key_and_debug_hides_it() {
    let request = sent(get("/datasets/")).await;
    let value = &request.headers["x-avala-api-key"];
    assert_eq!(value, KEY);
    assert!(value.is_sensitive());
    assert!(!format!("{request:?}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn key_header_of_the_caller_is_replaced() {
    let mut request = get("/datasets/");
    request.headers_mut().append("x-avala-api-key", "first".parse().unwrap());
    request.headers_mut().append("x-avala-api-key", "second".parse().unwrap());
    let request = sent(request).await;
    let values: Vec<_> = request.headers.get_all("x-avala-api-key").iter().collect();
    assert_eq!(values, [KEY]);
}

#[tokio::test(start_paused = true)]
async fn anonymous_call_has_no_key() {
    let mut request = with_options(get("/signup/"), |options| options.anonymous = true);
    request.headers_mut().insert("x-avala-api-key", "mine".parse().unwrap());
    assert!(!sent(request).await.headers.contains_key("x-avala-api-key"));
}

#[tokio::test(start_paused = true)]
async fn no_header_is_sent_without_a_key() {
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().service(service.clone()).build().unwrap();
    send(&transport, get("/datasets/")).await.unwrap();
    assert!(!service.requests()[0].headers.contains_key("x-avala-api-key"));
}

#[tokio::test(start_paused = true)]
async fn request_uris_are_resolved_against_the_base_url() {
    let request = sent(get("/datasets/?limit=5")).await;
    assert_eq!(request.uri, "https://api.avala.ai/api/v1/datasets/?limit=5");
    let agent = request.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("avala-rust/"), "{agent}");

    let same_origin = sent(get("https://api.avala.ai:443/elsewhere/")).await;
    assert_eq!(same_origin.uri, "https://api.avala.ai:443/elsewhere/");
}

#[tokio::test(start_paused = true)]
async fn other_origins_are_rejected() {
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().api_key(ApiKey::new(KEY).unwrap()).service(service.clone()).build().unwrap();
    let foreign = [
        "https://evil.example/datasets/",
        "http://api.avala.ai/datasets/",
        "https://api.avala.ai:8443/datasets/",
        "https://user@api.avala.ai/datasets/",
        "evil.example:443",
        "*",
    ];
    for uri in foreign {
        let error = send(&transport, get(uri)).await.expect_err(uri);
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Request, Sent::No, 1), "{uri}");
    }
    assert!(service.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn user_agent_is_configurable() {
    let service = ScriptedService::always(Step::respond(200));
    let url = BaseUrl::parse("https://eu.example/base").unwrap();
    let transport = builder().base_url(url).user_agent("labeller/2").service(service.clone()).build().unwrap();
    send(&transport, get("/x/")).await.unwrap();
    let mut own = get("/x/");
    own.headers_mut().insert("user-agent", "mine".parse().unwrap());
    send(&transport, own).await.unwrap();
    let requests = service.requests();
    assert_eq!(requests[0].uri, "https://eu.example/base/x/");
    assert_eq!(requests[0].headers["user-agent"], "labeller/2");
    assert_eq!(requests[1].headers["user-agent"], "mine");

    let error = builder().user_agent("two\nlines").service(service).build().unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
}

/// Returns the requests that are sent with the keys of a provider, and the results.
async fn sent_with(provider: impl ApiKeyProvider, steps: &[Step]) -> (Vec<RecordedRequest>, Option<TransportError>) {
    let service = steps.iter().cloned().fold(ScriptedService::new(), ScriptedService::then);
    let transport = builder().api_key_provider(provider).service(service.clone()).build().unwrap();
    let error = send(&transport, get("/x/")).await.err();
    assert_eq!(service.calls_while_not_ready(), 0);
    (service.requests(), error)
}

#[tokio::test(start_paused = true)]
async fn provider_is_called_for_each_attempt() {
    let numbered = || {
        let asked = AtomicU32::new(0);
        move || ApiKey::new(format!("avk_{}", asked.fetch_add(1, Ordering::Relaxed)))
    };
    let (now, later) = (numbered(), numbered());
    let now = move || ProvidedKey::now(now());
    let later = move || {
        let key = later();
        ProvidedKey::later(async move {
            tokio::time::sleep(secs(1)).await;
            key
        })
    };
    let steps = [Step::respond(500), Step::respond(500), Step::respond(200)];
    for (requests, error) in [sent_with(now, &steps).await, sent_with(later, &steps).await] {
        let keys: Vec<_> = requests.iter().map(|request| &request.headers["x-avala-api-key"]).collect();
        assert_eq!(keys, ["avk_0", "avk_1", "avk_2"]);
        assert!(keys.iter().all(|key| key.is_sensitive()));
        assert!(error.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn failing_key_provider_sends_nothing() {
    let now = || ProvidedKey::now(Err(std::io::Error::other("the vault is sealed")));
    let later = || ProvidedKey::later(async { Err(std::io::Error::other("the vault is sealed")) });
    for (requests, error) in [sent_with(now, &[]).await, sent_with(later, &[]).await] {
        let error = error.unwrap();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Configuration, Sent::No, 1));
        assert_eq!(error.to_string(), "no API key for the request: the vault is sealed");
        assert!(std::error::Error::source(&error).unwrap().is::<std::io::Error>());
        assert!(requests.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn slow_key_provider_counts_against_the_call_timeout() {
    let never = || ProvidedKey::later(std::future::pending::<Result<ApiKey, BoxError>>());
    let (requests, error) = sent_with(never, &[]).await;
    let error = error.unwrap();
    assert_eq!((error.timeout_phase(), error.elapsed()), (Some(TimeoutPhase::Total), secs(60)));
    assert!(requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn anonymous_call_does_not_call_the_provider() {
    let transport = builder().api_key_provider(|| panic!("asked")).service(ScriptedService::always(Step::respond(200)));
    let request = with_options(get("/signup/"), |options| options.anonymous = true);
    assert!(send(&transport.build().unwrap(), request).await.is_ok());
}

#[test]
fn env_key_reads_the_named_variable() {
    // Tests cannot set a variable without unsafe code; some variable of every machine could be a key.
    let could_be = std::env::vars().find(|(_, value)| ApiKey::new(value).is_ok());
    let (name, _) = could_be.expect("there is a variable without spaces");
    let ProvidedKey::Now(Ok(key)) = EnvApiKey::new(name).api_key() else { panic!("there is a key") };
    assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
    let ProvidedKey::Now(Err(error)) = EnvApiKey::new("AVALA_NO_SUCH_KEY").api_key() else { panic!("there is none") };
    assert_eq!(error.to_string(), "AVALA_NO_SUCH_KEY is not set");
}

#[tokio::test(start_paused = true)]
async fn file_key_rotation_is_seen_within_one_clock_tick() {
    let path = std::env::temp_dir().join(format!("avala-api-key-{}", std::process::id()));
    let write = |text: &str, seconds: u64| {
        std::fs::write(&path, text).unwrap();
        let changed = std::time::SystemTime::UNIX_EPOCH + secs(seconds);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    };
    let service = ScriptedService::always(Step::respond(200));
    let transport = builder().api_key_provider(FileApiKey::new(&path)).service(service.clone()).build().unwrap();
    let call = || send(&transport, get("/x/"));

    let missing = call().await.unwrap_err();
    assert!(missing.to_string().contains(path.to_str().unwrap()), "{missing}");
    write(" avk_1\n", 1);
    call().await.unwrap();
    // The same time and length: two rotations within one tick of the file system's clock.
    write(" avk_2\n", 1);
    call().await.unwrap();
    write("\u{feff}avk_3\r\n", 2);
    call().await.unwrap();
    let keys: Vec<_> = service.requests().iter().map(|request| request.headers["x-avala-api-key"].clone()).collect();
    assert_eq!(keys, ["avk_1", "avk_2", "avk_3"]);

    for (bad, seconds) in [("", 3), ("hunter2 hunter2", 4), (&"hunter2".repeat(2_000), 5)] {
        write(bad, seconds);
        let error = call().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(call().await.unwrap_err().kind(), Kind::Configuration, "a removed key is not used");
}
