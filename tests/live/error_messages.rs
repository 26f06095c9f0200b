//! The guide has a page for each error kind, with a real message: this test produces them.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use avala_client::transport::{Body, BoxError, RateLimiter, RetryPolicy};
use avala_client::types::{CreateAgentAction, CreateDataset, CreateExport, CreateQualityTarget, DataType};
use avala_client::{Avala, AvalaBuilder, Error};
use avala_sandbox::{Fault, Sandbox};
use http::{Request, Response};
use tokio::net::TcpListener;
use tower::service_fn;

/// Folder with a page for each kind.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide/error-kinds");

/// Returns the page of each kind.
fn pages() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(PAGES).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let page = std::fs::read_to_string(&path).unwrap();
            let kind = page.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap().to_owned();
            let name = kind.to_lowercase();
            let file = path.file_stem().unwrap().to_string_lossy().replace('-', "");
            assert_eq!(file, name, "a page is named as its kind");
            assert!(page.contains("\n## What to do\n"), "{kind}");
            (kind, page)
        })
        .collect()
}

/// Returns the documented messages of a page: its text block.
fn documented(page: &str) -> Option<&str> {
    page.split("```text\n").nth(1)?.split("\n```").next()
}

/// Returns the message with ports, IDs and times replaced, which differ from run to run.
fn normalized(message: &str) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let (digits, after) = number.split_at(end);
        let is_port = before == ":" && text.ends_with("127.0.0.1");
        let is_time = [" s", " ms", "s ", "ms "].iter().any(|unit| after.starts_with(unit));
        text.push_str(before);
        text.push_str(if is_port {
            "4010"
        } else if is_time {
            "1"
        } else {
            digits
        });
        rest = after;
    }
    text + rest
}

fn client(sandbox: &Sandbox, change: impl FnOnce(AvalaBuilder) -> AvalaBuilder) -> Avala {
    let builder = Avala::builder().api_key(sandbox.key()).base_url(sandbox.url()).allow_insecure_base_url(true);
    change(builder.rate_limiter(RateLimiter::off()).retry(RetryPolicy::none())).build().unwrap()
}

/// Creates a client on a service that always sends this response.
fn fake(status: u16, body: &'static str) -> Avala {
    Avala::from_service(service_fn(move |_: Request<Body>| async move {
        let response = Response::builder().status(status).body(Body::from(body));
        Ok::<_, Infallible>(response.unwrap())
    }))
}

async fn every_kind() -> Vec<Error> {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox, |builder| builder);
    let fault = |fault: Fault| sandbox.fault(fault).unwrap();
    let export = CreateExport::project("p1");
    let mut errors = vec![
        Avala::builder().base_url("http://api.avala.ai").api_key("avk_x").build().unwrap_err(),
        avala.datasets().get("").await.unwrap_err(),
        client(&sandbox, |builder| builder.api_key("avk_other")).tasks().list().await.unwrap_err(),
        avala
            .projects()
            .list()
            .await
            .err()
            .unwrap_or(fake(403, r#"{"detail": "No."}"#).tasks().list().await.unwrap_err()),
        avala.datasets().get("d404").await.unwrap_err(),
        avala.datasets().create(&CreateDataset::new("Set", "set", DataType::from("audio"))).await.unwrap_err(),
    ];
    fault(Fault::status(409).body(r#"{"detail": "This execution was decided on."}"#).on("POST", "/agent-actions/"));
    let action = CreateAgentAction::new("x1", "approve");
    errors.push(avala.agent_actions().create(&action).await.unwrap_err());
    let quota = r#"{"detail": "Quota exceeded.", "limit": 1000, "used": 990}"#;
    errors.push(fake(413, quota).exports().create(&export).await.unwrap_err());
    fault(Fault::status(429).header("retry-after", "1800").on("POST", "/exports/"));
    errors.push(avala.exports().create(&export).await.unwrap_err());
    fault(Fault::status(500).on("POST", "/exports/"));
    errors.push(avala.exports().create(&export).await.unwrap_err());
    fault(Fault::status(418).on("GET", "/tasks/"));
    errors.push(avala.tasks().list().await.unwrap_err());
    fault(Fault::redirect("https://login.example.com/").on("GET", "/tasks/"));
    errors.push(avala.tasks().list().await.unwrap_err());
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = client(&sandbox, |builder| builder.base_url(format!("http://{closed}")));
    errors.push(gone.tasks().list().await.unwrap_err());
    let no_tls = client(&sandbox, |builder| builder.base_url(sandbox.url().replace("http:", "https:")));
    errors.push(no_tls.tasks().list().await.unwrap_err());
    fault(Fault::drop_response().on("POST", "/exports/"));
    errors.push(avala.exports().create(&export).await.unwrap_err());
    fault(Fault::delay(Duration::from_secs(20)).on("GET", "/tasks/"));
    errors.push(avala.tasks().list().timeout(Duration::from_millis(200)).await.unwrap_err());
    let small = client(&sandbox, |builder| builder.transport(|transport| transport.max_body_bytes(1_000)));
    errors.push(small.tasks().list().await.unwrap_err());
    errors.push(client(&sandbox, |builder| builder.memory_budget(1_000)).tasks().list().await.unwrap_err());
    fault(Fault::html().on("GET", "/tasks/"));
    errors.push(avala.tasks().list().await.unwrap_err());
    let elsewhere = fake(200, r#"{"results": [], "next": "https://api.avala.ai/api/v1/datasets/?cursor=b"}"#);
    let page = elsewhere.tasks().list().await.unwrap();
    errors.push(elsewhere.tasks().list().cursor(page.next_cursor.unwrap()).await.unwrap_err());
    errors.push(fake(200, r#"{"uid": "e1", "status": "failed"}"#).exports().wait("e1").await.unwrap_err());
    let broken = service_fn(|_: Request<Body>| async { Err::<Response<Body>, BoxError>("the cache is locked".into()) });
    errors.push(Avala::from_service(broken).tasks().list().await.unwrap_err());
    errors
        .push(avala.quality_targets().create("p1", &CreateQualityTarget::new("n", "iou", f64::NAN)).await.unwrap_err());
    errors
}

#[tokio::test]
async fn guide_has_the_real_message_of_every_error_kind() {
    let (errors, pages) = (every_kind().await, pages());
    for error in &errors {
        let (kind, message) = (error.kind(), normalized(&error.to_string()));
        let documented = pages.get(&format!("{kind:?}")).and_then(|page| documented(page));
        assert!(
            documented.is_some_and(|block| block.lines().any(|line| normalized(line) == message)),
            "{kind:?} is documented with {documented:?}, and its message is\n{message}"
        );
    }
    // A kind that is new has a page, and a message here; the overview lists each page.
    let kinds: BTreeSet<String> = errors.iter().map(|error| format!("{:?}", error.kind())).collect();
    assert_eq!(kinds, pages.keys().cloned().collect());
    let overview = std::fs::read_to_string(format!("{PAGES}.md")).unwrap();
    for (kind, page) in &pages {
        let meaning = page.lines().nth(2).unwrap();
        let row = overview.lines().find(|row| row.starts_with(&format!("| [{kind}][error-kinds/")));
        assert!(row.is_some_and(|row| row.ends_with(&format!(" | {meaning} |"))), "{kind}: {row:?}");
    }
}
