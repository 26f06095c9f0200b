//! Signals without a terminal.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::{Home, RESET_SIGNALS, program, wait};

/// A receiver of webhooks that ends after one delivery, started by a shell.
struct Listener {
    child: Child,
    address: String,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Listener {
    /// Starts the program by a shell, after the words `before`.
    fn new(home: &Home, before: &str) -> Self {
        let mut command = Command::new("sh");
        let line = format!("{before} {} webhooks listen --no-verify --once -o ndjson", program());
        command.env_clear().envs(home.environment()).args(["-c", &line]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address =
            line["listening"].as_str().unwrap().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { child, address }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success(), "{signal}");
    }

    /// Sends a delivery, after which the program ends.
    fn deliver(&self) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[test]
fn ignored_signals_stay_ignored() {
    let home = Home::new();
    // As by `nohup`, and as in the background of a script.
    let mut listener = Listener::new(&home, "trap '' HUP INT QUIT; exec");
    for signal in ["-HUP", "-INT", "-QUIT"] {
        listener.signal(signal);
    }
    listener.deliver();
    assert_eq!(wait(&mut listener.child), 0);
}

#[test]
fn other_signals_end_the_program_as_interrupted() {
    let home = Home::new();
    for signal in ["-HUP", "-INT", "-QUIT", "-TERM", "-ALRM", "-USR1", "-USR2"] {
        let reset = format!("exec env {}", RESET_SIGNALS.join(" "));
        let mut listener = Listener::new(&home, &reset);
        listener.signal(signal);
        assert_eq!(wait(&mut listener.child), 130, "{signal}");
    }
}
