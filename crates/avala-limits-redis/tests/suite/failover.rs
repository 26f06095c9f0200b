//! A server that became read-only, a name that resolves to another server, and late responses.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use avala_transport::{Decision, StoreCall};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::fake::{Fake, GRANTED};
use crate::outages::{is_local, quick, recovery};
use crate::support::{GUARD, call, decide, millis};

const READ_ONLY: &str = "-ERR READONLY You can't write\r\n";

#[tokio::test]
async fn limiter_returns_when_the_server_is_writable_again() {
    let fake = Fake::start(READ_ONLY).await;
    let limits = quick(fake.url.clone());
    assert!(is_local(&limits).await);
    fake.respond(GRANTED, Duration::ZERO);
    recovery(&limits).await;
    assert!(limits.problem().is_none());
}

/// The hosts file of a separate mount namespace.
const HOSTS: &str = "AVALA_TEST_HOSTS";
const NAME: &str = "redis.test";

/// The former primary still accepts connections and refuses every script; the name resolves to its successor.
#[test]
fn name_is_resolved_again_after_a_failover() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = write_hosts(&folder, "127.0.0.8");
    let program = std::env::current_exe().unwrap();
    let inside = "mount --bind \"$0\" /etc/hosts || exit 77; exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", inside])
        .args([&hosts, &program])
        .args(["--exact", "failover::inside", "--ignored", "--nocapture"])
        .env(HOSTS, &hosts)
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains("1 passed"), "{text}");
        }
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("running 1 test") => {
            panic!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        }
        _ => {
            eprintln!("SKIPPED: a name that leads to another server, because `unshare` is missing or not allowed here");
        }
    }
}

fn write_hosts(folder: &TempDir, address: &str) -> std::path::PathBuf {
    let hosts = folder.path().join("hosts");
    set_address(&hosts, address);
    hosts
}

/// Overwrites the file, because a new file would not be the mounted one.
fn set_address(hosts: &Path, address: &str) {
    fs::write(hosts, format!("127.0.0.1 localhost\n{address} {NAME}\n")).unwrap();
}

#[tokio::test]
#[ignore = "runs inside name_is_resolved_again_after_a_failover"]
async fn inside() {
    let Some(hosts) = std::env::var_os(HOSTS) else { return };
    let former = Fake::start_at("127.0.0.8:0", READ_ONLY).await;
    let port = former.url.trim_end_matches('/').rsplit_once(':').unwrap().1.to_owned();
    let next = Fake::start_at(&format!("127.0.0.9:{port}"), GRANTED).await;
    let limits = quick(format!("redis://{NAME}:{port}/"));
    for _ in 0..3 {
        assert!(is_local(&limits).await);
        sleep(millis(400)).await;
    }
    assert!(former.scripts() >= 2 && next.scripts() == 0, "the name leads to the former primary");
    set_address(Path::new(&hosts), "127.0.0.9");
    recovery(&limits).await;
    let before = former.scripts();
    assert!(next.scripts() >= 1 && limits.problem().is_none(), "{:?}", limits.problem());
    for _ in 0..5 {
        assert!(!is_local(&limits).await);
    }
    assert_eq!(former.scripts(), before, "the former primary is not asked again");
}

#[tokio::test]
async fn late_response_is_not_used_for_a_newer_request() {
    let fake = Fake::start(GRANTED).await;
    let limits = quick(fake.url.clone());
    recovery(&limits).await;
    let no_wait = || StoreCall::with_max_wait(call(), Duration::ZERO);
    // Longer than the timeout: these grants arrive after their calls have stopped waiting.
    fake.respond(GRANTED, millis(700));
    let asked = fake.scripts();
    let late = decide(&limits, no_wait()).await;
    assert!(matches!(late, Decision::Local), "{late:?}");
    assert!(fake.scripts() <= asked + 1, "the request is not repeated");
    fake.respond("$26\r\nid 5 0 0 0 0 - 0 r50000000\r\n", Duration::ZERO);
    let started = Instant::now();
    let mut refused = 0;
    while refused < 20 {
        let decision = decide(&limits, no_wait()).await;
        assert!(!matches!(decision, Decision::Granted(_)), "a late grant of an older request: {decision:?}");
        refused += usize::from(matches!(decision, Decision::TooLong(_)));
        assert!(started.elapsed() < GUARD, "{:?}", limits.problem());
        sleep(millis(50)).await;
    }
}
