//! Redirects are rejected, and their targets are not repeated.

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Sent, TransportErrorKind as Kind};

use crate::support::{builder, get, send};

#[tokio::test(start_paused = true)]
async fn redirect_error_names_status_and_host() {
    let table = [
        (301, Some("https://elsewhere.example/private/path?token=hunter2"), Some("elsewhere.example")),
        (302, Some("https://user:hunter2@elsewhere.example:8443/"), Some("elsewhere.example")),
        (303, Some("/api/v1/datasets/?token=hunter2"), Some("api.avala.ai")),
        (307, Some("//elsewhere.example/hunter2"), Some("elsewhere.example")),
        (308, Some("login"), Some("api.avala.ai")),
        (308, None, None),
        (301, Some("not a target hunter2"), None),
        (302, Some("http://[::1"), None),
        (303, Some("https://avk_hunter2.example/"), Some("avk_***.example")),
    ];
    for (status, location, host) in table {
        let mut step = Step::respond(status);
        if let Some(location) = location {
            step = step.header("location", location);
        }
        let service = ScriptedService::always(step);
        let transport = builder().service(service.clone()).build().unwrap();
        let error = send(&transport, get("/datasets")).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Redirect, Sent::Yes, 1), "{status}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(error.redirect_host(), host, "{status} {location:?}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(&status.to_string()) && !shown.contains("hunter2"), "{shown}");
        assert_eq!(service.requests().len(), 1, "nothing was followed");
    }
}

#[tokio::test(start_paused = true)]
async fn other_3xx_statuses_are_responses() {
    for status in [300, 304, 305, 306] {
        let step = Step::respond(status).header("location", "https://elsewhere.example/");
        let transport = builder().service(ScriptedService::always(step)).build().unwrap();
        assert_eq!(send(&transport, get("/x/")).await.unwrap().status().as_u16(), status);
    }
}

#[tokio::test(start_paused = true)]
async fn redirect_message_names_the_port() {
    let step = Step::respond(302).header("location", "https://user:hunter2@elsewhere.example:8443/");
    let transport = builder().service(ScriptedService::always(step)).build().unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert!(error.to_string().contains("redirects to elsewhere.example:8443;"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn redirect_body_is_not_read() {
    let step = Step::respond(302).header("location", "/x/").pieces(["a", "b"]).cut();
    let transport = builder().max_body_bytes(0).service(ScriptedService::always(step)).build().unwrap();
    assert_eq!(send(&transport, get("/x/")).await.unwrap_err().kind(), Kind::Redirect);
}
