use std::process::Stdio;

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::client::send;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avala-sandbox"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_program_says_where_it_listens_and_logs_requests() {
    let mut child = program().args(["--key", "avk_program", "--seed", "empty"]).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["key"], "avk_program");

    let request = Request::builder()
        .method(Method::GET)
        .uri("/api/v1/datasets/?limit=1")
        .header("host", "localhost")
        .header("x-avala-api-key", "avk_program")
        .body(Full::default())
        .unwrap();
    let response = send(line["url"].as_str().unwrap().strip_prefix("http://").unwrap(), request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = serde_json::from_slice(&response.collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(body["results"], serde_json::json!([]));
    let log = BufReader::new(child.stderr.take().unwrap()).lines().next_line().await.unwrap();
    assert_eq!(log.as_deref(), Some("GET /api/v1/datasets/?limit=1 200"));
}

#[tokio::test]
async fn faults_and_bare_lists_are_set_on_the_command_line() {
    let mut child = program().args(["--bare-member-lists", "--fault", "GET /tasks/ 503"]).spawn().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();
    let get = async |path: &str| {
        let request = Request::get(path).header("host", "localhost").header("x-avala-api-key", "avk_test");
        send(url.strip_prefix("http://").unwrap(), request.body(Full::default()).unwrap()).await.unwrap()
    };
    for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK] {
        assert_eq!(get("/api/v1/tasks/").await.status(), status);
    }
    let members = get("/api/v1/organizations/northwind-labs/members/").await.collect().await.unwrap().to_bytes();
    assert!(serde_json::from_slice::<Value>(&members).unwrap().is_array());
}

#[tokio::test]
async fn a_bad_argument_ends_with_2_and_help_with_0() {
    let output = program().args(["--port", "many"]).output().await.unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("many"));

    let output = program().arg("--help").output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("--rate-limit"));

    let output = program().arg("--version").output().await.unwrap();
    assert_eq!(output.stdout, concat!("avala-sandbox ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());

    let output = program().args(["--key", ""]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));

    if cfg!(feature = "tls") {
        let output = program().args(["--tls", "--ca-file", "no such folder/ca.pem"]).output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains("no such folder/ca.pem"));
    }
}
