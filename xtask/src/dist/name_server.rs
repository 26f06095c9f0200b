//! Resolves a name whose addresses exceed a datagram, in a root that contains the program and a resolver file.
//!
//! The name server truncates its response over UDP, so the program has to ask again over TCP. The server needs port 53,
//! so it runs in a network namespace: `unshare` starts this program again there.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use super::checks::{expect, run};
use super::empty_root::Root;
use crate::outcome::Outcome;
use crate::process::log;

/// The task that runs in the network namespace.
pub(crate) const INSIDE: &str = "dist-name-server";

/// Number of addresses of the name: more than fit into a datagram of 512 bytes.
const ADDRESSES: u16 = 120;

const NAME: &str = "many.example";

/// Checks the program; returns `false` if this user cannot create a network namespace.
pub(super) fn check(program: &Path) -> Result<bool, String> {
    let can = run(Command::new("unshare").args(["--map-root-user", "--net", "ip", "link", "set", "lo", "up"]));
    if !can.is_ok_and(|output| output.status.success()) {
        log("skipped: a name with many addresses, because neither unshare nor ip is allowed here");
        return Ok(false);
    }
    let root = Root::create(program)?;
    let etc = root.path().join("etc");
    let file = etc.join("resolv.conf");
    let written = std::fs::create_dir_all(&etc).and_then(|()| std::fs::write(&file, "nameserver 127.0.0.1\n"));
    written.map_err(|error| format!("{}: {error}", file.display()))?;
    let this = std::env::current_exe().map_err(|error| format!("the path of this program: {error}"))?;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net"]).arg(this).arg(INSIDE).arg(root.path()).stdin(Stdio::null());
    let output = run(&mut command)?;
    expect(&output, 0, "connection over TLS")?;
    log("empty root: a name with many addresses is resolved over TCP");
    Ok(true)
}

/// Serves the name, and runs the program in `root` until it has connected to one of the addresses.
pub(crate) fn inside(root: &str) -> Outcome {
    let failed = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().map_err(failed("ip"))?;
    if !up.success() {
        return Err("the loopback device cannot be used".to_owned());
    }
    let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).map_err(failed("port 53"))?;
    let streams = TcpListener::bind((Ipv4Addr::LOCALHOST, 53)).map_err(failed("port 53"))?;
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed("a port"))?;
    let port = server.local_addr().map_err(failed("a port"))?.port();
    let over_tcp = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&over_tcp);
    thread::spawn(move || serve_datagrams(&datagrams));
    thread::spawn(move || streams.incoming().flatten().for_each(|stream| serve_stream(stream, &counter)));
    let first = thread::spawn(move || first_byte(&server));
    let mut command = Command::new("timeout");
    command.args(["60", "chroot", root, "/avala", "datasets", "list", "--max-attempts", "1", "--api-key", "avk_x"]);
    command.args(["--base-url", &format!("https://{NAME}:{port}/api/v1")]).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = run(&mut command)?;
    // The server does not speak TLS: the program has to end with a network error after it has connected.
    expect(&output, 8, NAME)?;
    // If nothing has connected, this connection ends the wait.
    let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let first = first.join().map_err(|_| "the server failed".to_owned())?;
    if over_tcp.load(SeqCst) == 0 || first != Some(0x16) {
        return Err(format!("{} queries over TCP, and a first byte of {first:?}", over_tcp.load(SeqCst)));
    }
    log("connection over TLS");
    Ok(())
}

/// Returns the first byte of the first connection; 0x16 begins TLS.
fn first_byte(server: &TcpListener) -> Option<u8> {
    let (mut stream, _) = server.accept().ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let mut byte = [0];
    stream.read_exact(&mut byte).ok()?;
    Some(byte[0])
}

fn serve_datagrams(socket: &UdpSocket) {
    let mut query = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut query) {
        if let Some(response) = query.get(..length).and_then(|query| response(query, false)) {
            // The program repeats a query whose response was lost.
            let _ = socket.send_to(&response, from);
        }
    }
}

fn serve_stream(mut stream: TcpStream, count: &AtomicU64) {
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        let Some(response) = stream.read_exact(&mut query).ok().and_then(|()| response(&query, true)) else { return };
        count.fetch_add(1, SeqCst);
        let length = u16::try_from(response.len()).unwrap_or_default().to_be_bytes();
        if stream.write_all(&length).and_then(|()| stream.write_all(&response)).is_err() {
            return;
        }
    }
}

/// Returns the response to a query: all addresses, or, if they do not fit, none and the truncation flag.
fn response(query: &[u8], is_stream: bool) -> Option<Vec<u8>> {
    const CUT: u16 = 0x0200;
    let mut end = 12;
    while *query.get(end)? != 0 {
        end += usize::from(*query.get(end)?) + 1;
    }
    let question = query.get(12..end + 5)?;
    let is_address = query.get(end + 1..end + 3)? == [0, 1];
    let count = if is_address && is_stream { ADDRESSES } else { 0 };
    let flags = 0x8180 | if is_address && !is_stream { CUT } else { 0 };
    let mut response = query.get(..2)?.to_vec();
    for number in [flags, 1, count, 0, 0] {
        response.extend(number.to_be_bytes());
    }
    response.extend(question);
    for _ in 0..count {
        // The name of the question, an address of the Internet, for a minute.
        response.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(response)
}
