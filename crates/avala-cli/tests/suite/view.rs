//! `avala view`: which requests may read the file.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::support::Home;

const CONTENT: &[u8] = b"\x89MCAP0\r\n0123456789abcdef";

struct Viewer {
    child: Child,
    home: Home,
    port: u16,
    path: String,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A response: status, headers in lower case, and body.
type Response = (u16, String, Vec<u8>);

impl Viewer {
    fn new() -> Self {
        let home = Home::new();
        let file = home.write("a.mcap", CONTENT);
        let mut command = home.command();
        command.args(["view", &file.display().to_string(), "--no-browser", "-o", "ndjson"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = json["url"].as_str().unwrap();
        assert!(
            json["viewer_url"].as_str().unwrap().starts_with("https://avala.ai/mcap?url=http%3A%2F%2F127.0.0.1%3A")
        );
        let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let port = authority.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, home, port, path: format!("/{path}") }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let own = format!("127.0.0.1:{}", self.port);
        let host = headers.iter().find(|(name, _)| *name == "host").map_or(own.as_str(), |(_, host)| host);
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all((request + "\r\n").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, bytes[end + 4..].to_vec())
    }

    fn get(&self, headers: &[(&str, &str)]) -> Response {
        self.send("GET", &self.path, headers)
    }
}

#[test]
fn only_the_exact_address_serves_the_file() {
    let viewer = Viewer::new();
    let (status, head, body) = viewer.get(&[("origin", "https://avala.ai")]);
    assert_eq!((status, body.as_slice()), (200, CONTENT));
    assert!(
        head.contains("access-control-allow-origin: https://avala.ai") && head.contains("cache-control: no-store"),
        "{head}"
    );
    for path in [
        "/",
        "/recording.mcap",
        "/a.mcap",
        "/../a.mcap",
        &viewer.path[..viewer.path.len() - 1],
        &viewer.path.to_uppercase(),
    ] {
        assert_eq!(viewer.send("GET", path, &[]).0, 404, "{path}");
    }
    for host in ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""] {
        assert_eq!(viewer.get(&[("host", host)]).0, 421, "{host}");
    }
    for origin in
        ["https://evil.example", "null", "http://avala.ai", "https://avala.ai.evil.example", "https://www.avala.ai"]
    {
        let (status, head, body) = viewer.get(&[("origin", origin)]);
        assert!(status == 403 && body.is_empty() && !head.contains("access-control"), "{origin}: {head}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(viewer.send(method, &viewer.path, &[]).0, 405, "{method}");
    }
}

#[test]
fn preflight_is_granted_to_the_viewer_only() {
    let viewer = Viewer::new();
    let private = ("access-control-request-private-network", "true");
    let (status, head, _) = viewer.send("OPTIONS", &viewer.path, &[("origin", "https://avala.ai"), private]);
    assert!(status == 204 && head.contains("access-control-allow-private-network: true"), "{head}");
    let (_, head, _) = viewer.send("OPTIONS", &viewer.path, &[private]);
    assert!(!head.contains("access-control-allow-private-network"), "{head}");
    assert_eq!(viewer.send("OPTIONS", &viewer.path, &[("origin", "https://evil.example"), private]).0, 403);
}

#[test]
fn ranges_are_parts_of_the_file() {
    let viewer = Viewer::new();
    let (status, head, body) = viewer.get(&[("range", "bytes=8-11")]);
    assert_eq!((status, body.as_slice()), (206, &b"0123"[..]));
    assert!(head.contains("content-range: bytes 8-11/24"), "{head}");
    assert_eq!(viewer.get(&[("range", "bytes=-4")]).2, b"cdef");
    let (status, head, _) = viewer.get(&[("range", "bytes=24-")]);
    assert!(status == 416 && head.contains("content-range: bytes */24"), "{head}");
    let (status, head, body) = viewer.send("HEAD", &viewer.path, &[]);
    assert!(status == 200 && body.is_empty() && head.contains("content-length: 24"), "{head}");
    let stale = viewer.get(&[("range", "bytes=0-1"), ("if-range", "\"other\"")]);
    assert_eq!((stale.0, stale.2.len()), (200, 24));
}

#[test]
fn changed_file_is_not_served() {
    let viewer = Viewer::new();
    viewer.home.write("a.mcap", [CONTENT, b"more"].concat());
    assert_eq!(viewer.get(&[]).0, 410);
    std::fs::remove_file(viewer.home.path("a.mcap")).unwrap();
    assert_eq!(viewer.get(&[]).0, 410);
}

#[test]
fn other_files_need_force() {
    let home = Home::new();
    let file = home.write("a.txt", "text").display().to_string();
    assert!(home.args(["view", &file, "--no-browser"]).code(2).stderr.contains("--force"));
    home.args(["view", ".", "--no-browser"]).code(2);
    home.args(["view", &file, "--force", "--no-browser", "--viewer-url", "javascript:alert(1)"]).code(2);
}
