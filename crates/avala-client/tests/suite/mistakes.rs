//! The messages of common mistakes, as shown to users. Those of the compiler are in `tests/mistakes`.

use std::fmt::Write as _;
use std::time::Duration;

use avala_client::types::{Cursor, Dataset};
use avala_client::{Avala, AvalaBuilder, Error, Method};
use avala_transport::testing::{ScriptedService, Step};

use crate::layered;

/// Returns a builder with a key, on a service without responses.
fn builder() -> AvalaBuilder {
    Avala::builder().api_key("avk_test").service(ScriptedService::new())
}

fn responding(status: u16, body: &'static str) -> Avala {
    layered(&ScriptedService::always(Step::respond(status).body(body)))
}

#[derive(Debug, serde::Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct Mine {
    score: f32,
}

async fn mistakes() -> Vec<(&'static str, Error)> {
    let avala = builder().build().unwrap();
    let get = |path: &str| avala.request(Method::GET, path.to_owned());
    let scripts = [
        responding(401, r#"{"detail": "Invalid API key."}"#),
        responding(404, r#"{"detail": "Not found."}"#),
        responding(200, r#"{"uid": "d1", "name": "Drives", "slug": "drives"}"#),
        responding(200, "<html>a proxy's page</html>"),
        responding(200, r#"{"uid": "e1", "status": "failed", "error_message": "no tasks"}"#),
        layered(&ScriptedService::always(Step::hang())),
    ];
    let [unauthorized, missing, dataset, html, failed, hanging] = &scripts;
    vec![
        ("no key", Avala::builder().build().unwrap_err()),
        ("a key and a token", builder().access_token("eyJ.example").build().unwrap_err()),
        ("a key with a line break", builder().api_key("avk_1\n").build().unwrap_err()),
        ("a base URL without TLS", builder().base_url("http://api.avala.ai/api/v1").build().unwrap_err()),
        ("a base URL without a scheme", builder().base_url("api.avala.ai").build().unwrap_err()),
        ("an empty ID", avala.datasets().get("").await.unwrap_err()),
        ("an ID that leads elsewhere", avala.datasets().get("..").await.unwrap_err()),
        ("another host in a raw call", get("https://example.com/things/").await.unwrap_err()),
        ("a query in the path of a raw call", get("/things/?limit=5").await.unwrap_err()),
        ("a header of the client", avala.tasks().list().header("authorization", "Bearer x").await.unwrap_err()),
        (
            "a cursor of another filter",
            avala
                .tasks()
                .list()
                .project("p1")
                .cursor("project=p2&cursor=c".parse::<Cursor>().unwrap())
                .await
                .unwrap_err(),
        ),
        ("a wrong key", unauthorized.datasets().get("d1").await.unwrap_err()),
        ("a wrong ID", missing.datasets().get("d1").await.unwrap_err()),
        ("a type of one's own that does not fit", dataset.datasets().get("d1").decode_as::<Mine>().await.unwrap_err()),
        ("a page of a proxy", html.datasets().get("d1").await.unwrap_err()),
        ("a job that failed", failed.exports().wait("e1").await.unwrap_err()),
        (
            "a timeout that is too short",
            hanging.datasets().get("d1").timeout(Duration::from_secs(2)).await.map(|_: Dataset| ()).unwrap_err(),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn messages_of_common_mistakes_say_what_to_do() {
    let mut found = String::new();
    for (mistake, error) in mistakes().await {
        writeln!(found, "{mistake}\n    {error}\n").unwrap();
    }
    let expected = include_str!("mistakes.txt");
    assert!(found == expected, "the messages are now:\n{found}");
}
