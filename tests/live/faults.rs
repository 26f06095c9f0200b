//! Faults between client and sandbox, and their outcome for the caller.

use std::time::Duration;

use avala_client::transport::RetryPolicy;
use avala_client::{Avala, ErrorKind, Sent, TimeoutPhase};
use avala_sandbox::{Fault, Sandbox};

use crate::{builder, client, count};

#[tokio::test]
async fn temporary_faults_are_hidden_from_a_reader() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    let clean = avala.tasks().list().await.unwrap();
    let faults = [
        Fault::status(500),
        Fault::status(502),
        Fault::status(504),
        Fault::status(524),
        Fault::status(429).header("retry-after", "0"),
        Fault::drop_connection(),
        Fault::drop_response(),
        Fault::cut_body(0),
        Fault::cut_body(1000),
    ];
    for fault in faults {
        let name = format!("{fault:?}");
        sandbox.clear_requests();
        sandbox.fault(fault.on("GET", "/tasks/").times(2)).unwrap();
        let response = avala.tasks().list().with_meta().await.unwrap();
        assert_eq!((&response.value, response.meta.attempts), (&clean, 3), "{name}");
        assert_eq!(count(&sandbox, "GET", "/tasks/"), 3, "{name}");
    }
}

#[tokio::test]
async fn lasting_fault_is_an_error_of_its_kind() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    for (fault, kind, attempts) in [
        (Fault::status(503).body("busy"), ErrorKind::Server, 3),
        (Fault::html(), ErrorKind::Decode, 1),
        (Fault::status(200), ErrorKind::Decode, 1),
        (Fault::redirect("https://login.example.com/?next=secret"), ErrorKind::Redirect, 1),
        (Fault::cut_body(10), ErrorKind::ConnectionLost, 3),
        (Fault::drop_connection(), ErrorKind::ConnectionLost, 3),
        (Fault::status(418), ErrorKind::UnexpectedStatus, 1),
    ] {
        let name = format!("{fault:?}");
        sandbox.clear_requests();
        sandbox.fault(fault.on("GET", "/tasks/*").times(usize::MAX)).unwrap();
        let error = avala.tasks().get("t1").await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, attempts), "{name}: {error}");
        assert_eq!(sandbox.requests().len(), attempts as usize, "{name}");
        sandbox.clear_faults();
    }
}

#[tokio::test]
async fn redirect_is_refused_and_only_its_host_is_named() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault(Fault::redirect("https://login.example.com/?token=secret")).unwrap();
    let error = client(&sandbox).projects().list().await.unwrap_err();
    assert_eq!(error.redirect_host(), Some("login.example.com"));
    assert!(error.status().unwrap().is_redirection());
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_body_over_the_cap_is_not_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = builder(&sandbox).transport(|transport| transport.max_body_bytes(1000)).build().unwrap();
    let error = avala.tasks().list().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.sent()), (ErrorKind::BodyTooLarge, 1, Sent::Yes));
    assert!(error.to_string().contains("1000 bytes"), "{error}");
}

#[tokio::test]
async fn each_timeout_has_its_own_phase() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = builder(&sandbox).retry(RetryPolicy::none()).build().unwrap();
    sandbox.fault(Fault::delay(Duration::from_secs(600)).times(usize::MAX)).unwrap();
    let short = Duration::from_millis(20);
    let attempt = avala.tasks().get("t1").attempt_timeout(short).await.unwrap_err();
    assert_eq!((attempt.kind(), attempt.timeout_phase()), (ErrorKind::Timeout, Some(TimeoutPhase::Attempt)));
    let total = avala.tasks().get("t1").deadline(short).await.unwrap_err();
    assert_eq!((total.kind(), total.timeout_phase()), (ErrorKind::Timeout, Some(TimeoutPhase::Total)));
    assert_eq!((total.sent(), total.attempts()), (Sent::Maybe, 1));
}

#[tokio::test]
async fn call_can_shorten_the_connect_timeout() {
    // Accepts connections and never sends a TLS record.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let quick = RetryPolicy::default().base_delay(Duration::from_millis(1));
    let avala = Avala::builder().api_key("avk_test").base_url(url).retry(quick).build().unwrap();
    let short = Duration::from_millis(20);
    let export = avala.exports().create(&avala_client::types::CreateExport::project("p1")).connect_timeout(short);
    let page = avala.tasks().list().connect_timeout(short);
    for error in [export.await.unwrap_err(), page.await.unwrap_err()] {
        assert_eq!((error.kind(), error.timeout_phase()), (ErrorKind::Timeout, Some(TimeoutPhase::Connect)), "{error}");
        assert_eq!((error.sent(), error.attempts()), (Sent::No, 3), "{error}");
        let spent = error.time_spent();
        assert!(spent.attempts >= 3 * short, "{error}");
        assert!(spent.attempts < Duration::from_secs(10), "the client's own time for one connection: {error}");
        assert!(error.elapsed() >= spent.attempts + spent.backoff, "{error}");
    }
}

#[tokio::test]
async fn missing_server_counts_as_not_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let gone = sandbox.url().to_owned();
    let avala = builder(&sandbox).base_url(gone).build().unwrap();
    drop(sandbox);
    let payload = avala_client::types::CreateExport::project("p1");
    let mut errors = Vec::new();
    // The port may close with a delay; a call that still succeeds has a status.
    for _ in 0..100 {
        match avala.exports().create(&payload).await {
            Err(error) if error.kind() == ErrorKind::Connect => return assert_refused(&error),
            other => errors.push(other.map(|export| export.uid)),
        }
        tokio::task::yield_now().await;
    }
    assert!(errors.is_empty(), "never refused: {errors:?}");
}

fn assert_refused(error: &avala_client::Error) {
    assert_eq!((error.sent(), error.attempts()), (Sent::No, 3), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn unresolved_name_counts_as_not_sent() {
    // Names under .invalid never resolve.
    let avala = Avala::builder().api_key("avk_test").base_url("https://avala.invalid").retry(RetryPolicy::none());
    let error = avala.build().unwrap().tasks().list().await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{error}");
}
