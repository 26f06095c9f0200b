//! `avala webhooks listen` and `replay`.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::support::{Home, World};

const SECRET: &str = "whsec_1";

/// Unusual spacing, order, escapes, numbers and a repeated key.
const BODY: &str =
    "{ \"uid\":\"e1\",\t\"status\" : \"exported\", \"n\": 1.0, \"\\u0061\": 1e2, \"n\":2 ,\"é\":\"\\/\" }\n ";

struct Listener {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Listener {
    fn new(home: &Home, args: &[&str]) -> Self {
        let mut command = home.command();
        command
            .args(["webhooks", "listen", "-o", "ndjson"])
            .args(args)
            .env("AVALA_WEBHOOK_SECRET", format!("{SECRET}\n"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let port =
            first["listening"].as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Self { child, lines, port }
    }

    fn next(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    fn deliver(&self, body: &str, signature: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "POST /hook HTTP/1.1\r\nhost: x\r\nconnection: close, x-hop\r\nx-hop: 1\r\ncontent-type: application/json\r\n\
             x-avala-webhook-event: export.completed\r\nx-avala-webhook-delivery: ../../d1\r\n\
             x-avala-webhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// Returns a target that responds with a status and a redirect, and passes on what it received.
fn target(status: u16) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            loop {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let length = text
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|rest| rest.split('\r').next()?.parse::<usize>().ok());
                let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
                if let (Some(length), Some(end)) = (length, end)
                    && bytes.len() >= end + 4 + length
                {
                    let _ = sender.send(text);
                    break;
                }
                match stream.read(&mut chunk) {
                    Ok(size) if size > 0 => bytes.extend_from_slice(&chunk[..size]),
                    _ => break,
                }
            }
            let head = format!(
                "HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
        }
    });
    (url, receiver)
}

fn signature() -> String {
    avala_webhook::sign(SECRET, BODY.as_bytes())
}

/// Returns the head in lower case, and the unchanged body.
fn parts(request: &str) -> (String, &str) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body)
}

#[test]
fn deliveries_are_forwarded_byte_for_byte() {
    let home = Home::new();
    let (all, received) = target(302);
    let (other, not_received) = target(200);
    let other = format!("export.failed={other}");
    let mut listener = Listener::new(&home, &["--forward", &all, "--forward", &other]);
    assert_eq!(listener.deliver(BODY, &signature()), 200);
    let request = received.recv().unwrap();
    let (head, body) = parts(&request);
    assert_eq!(body, BODY);
    assert!(head.contains(&format!("x-avala-webhook-signature: {}", signature())), "{head}");
    assert!(
        head.contains("x-avala-webhook-event: export.completed")
            && !head.contains("x-hop")
            && !head.contains("host: x\r"),
        "{head}"
    );
    let printed = listener.next();
    assert_eq!((&printed["verified"], &printed["forwarded"][0]["status"]), (&true.into(), &302.into()));
    assert_eq!(printed["forwarded"].as_array().unwrap().len(), 1);
    assert!(not_received.try_recv().is_err());
}

#[test]
fn wrong_signatures_are_rejected_and_not_forwarded() {
    let home = Home::new();
    let (url, received) = target(200);
    let mut listener = Listener::new(&home, &["--forward", &url]);
    assert_eq!(listener.deliver(BODY, &"0".repeat(64)), 401);
    assert_eq!(listener.next()["verified"], false);
    assert_eq!(listener.deliver(&BODY.replace("1.0", "1.00"), &signature()), 401);
    assert!(received.try_recv().is_err());
}

#[test]
fn dead_targets_are_reported_at_once() {
    let home = Home::new();
    let mut listener = Listener::new(&home, &["--forward", "http://127.0.0.1:9/", "--return-status"]);
    let report = listener.next();
    assert!(report["target"] == "http://127.0.0.1:9/" && report["error"].is_string(), "{report}");
    assert_eq!(listener.deliver(BODY, &signature()), 502);
    assert!(listener.next()["forwarded"][0]["error"].is_string());
}

#[test]
fn status_of_the_target_is_returned_if_asked() {
    let home = Home::new();
    let (url, _received) = target(418);
    assert_eq!(Listener::new(&home, &["--forward", &url, "--return-status"]).deliver(BODY, &signature()), 418);
    assert_eq!(Listener::new(&home, &["--forward", &url]).deliver(BODY, &signature()), 200);
}

#[test]
fn stored_deliveries_are_replayed_byte_for_byte() {
    let home = Home::new();
    let mut listener = Listener::new(&home, &["--store", "deliveries"]);
    assert_eq!(listener.deliver(BODY, &signature()), 200);
    let stored = listener.next()["stored"].as_str().unwrap().to_owned();
    assert!(stored.starts_with("deliveries/") && !stored.contains(".."), "{stored}");
    let (url, received) = target(204);
    let ran = home.args(["webhooks", "replay", &stored, "--to", &url, "-o", "json"]).ok();
    assert_eq!(ran.json()[0]["status"], 204);
    let request = received.recv().unwrap();
    let (head, body) = parts(&request);
    assert!(body == BODY && head.contains(&signature()), "{request}");
    home.args(["webhooks", "replay", &stored, "--to", "http://127.0.0.1:9/"]).code(9);
    let bad = home.write("bad.json", "{}").display().to_string();
    home.args(["webhooks", "replay", &bad, "--to", &url]).code(2);
}

#[test]
fn deliveries_of_a_sandbox_are_verified() {
    let world = World::new();
    let mut listener = Listener::new(&world.home, &["--once"]);
    let url = format!("http://127.0.0.1:{}/", listener.port);
    let line = format!("webhooks create --target-url {url} --events export.completed --secret {SECRET} -o json");
    let uid = world.run(&line).ok().json()["uid"].as_str().unwrap().to_owned();
    world.run(&format!("webhooks test {uid}")).ok();
    assert_eq!(listener.next()["verified"], true);
    assert_eq!(crate::support::wait(&mut listener.child), 0, "--once ends after it");
}
