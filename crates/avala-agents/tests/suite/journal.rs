use avala_agents::{AgentErrorKind, Decision, Journal, RecordState, RedbJournal};
use redb::{Database, ReadableDatabase as _, TableDefinition};

use crate::server::{Server, approving};

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("avala.agent.records");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("avala.agent.meta");

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes entries like another version of the program.
fn write(path: &std::path::Path, version: u64, entries: &[(&str, &str)]) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(META).unwrap().insert("version", version).unwrap();
    for (key, value) in entries {
        transaction.open_table(RECORDS).unwrap().insert(*key, value.as_bytes()).unwrap();
    }
    transaction.commit().unwrap();
}

#[tokio::test]
async fn records_survive_the_process() {
    let folder = folder();
    let path = folder.path().join("qa.journal");
    let server = Server::new().with_executions(3);
    approving().journal(RedbJournal::open(&path).unwrap()).run_once(&server.client()).await.unwrap();
    let records = RedbJournal::open(&path).unwrap().load().await.unwrap();
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|record| record.state == RecordState::Acknowledged));
    assert_eq!(records[0].decision, Some(Decision::approve()));
}

#[test]
fn a_second_process_is_rejected() {
    let folder = folder();
    let path = folder.path().join("qa.journal");
    let _held = RedbJournal::open(&path).unwrap();
    let error = RedbJournal::open(&path).unwrap_err();
    assert_eq!(error.kind(), AgentErrorKind::Journal);
    assert!(error.to_string().contains("another process has it open"), "{error}");
}

#[test]
fn newer_foreign_and_truncated_files_are_rejected() {
    let folder = folder();
    let newer = folder.path().join("newer");
    write(&newer, 99, &[]);
    let error = RedbJournal::open(&newer).unwrap_err().to_string();
    assert!(error.contains("version 99 is newer"), "{error}");

    let foreign = folder.path().join("foreign");
    let database = Database::create(&foreign).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<&str, u64>::new("recipes")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(RedbJournal::open(&foreign).unwrap_err().to_string().contains("another program"));

    let torn = folder.path().join("torn");
    std::fs::write(&torn, b"not a database, but longer than a header of one would be").unwrap();
    assert_eq!(RedbJournal::open(&torn).unwrap_err().kind(), AgentErrorKind::Journal);
}

#[tokio::test]
async fn odd_entries_are_parked_and_the_others_replayed() {
    let folder = folder();
    let path = folder.path().join("qa.journal");
    let entries = [
        ("x0", r#"{"execution":"x0","state":"decided","decision":{"action":"approve"}}"#),
        ("x1", r#"{"execution":"x1","state":"decided","decision":{"action":"postpone"}}"#),
        ("x2", r#"{"execution":"x2","state":"teleported"}"#),
        ("x3", "not json"),
    ];
    write(&path, 1, &entries);
    let server = Server::new().with_executions(3);
    let agent = approving();
    let handle = agent.handle();
    agent.journal(RedbJournal::open(&path).unwrap()).run_once(&server.client()).await.unwrap();
    assert_eq!(server.decisions("x0"), ["approve"]);
    assert_eq!(server.decisions("x1"), ["postpone"], "an action of a newer version is sent unchanged");
    let parked = handle.parked();
    assert_eq!(parked.len(), 2);
    assert!(parked.iter().any(|record| record.raw.as_deref() == Some("not json")));
}

/// The journal of a killed program of version 1: `x0` is decided, `x1` has an action that this
/// version does not know, `x2` lacks the optional fields, `x3` is of a newer version, `x4` is not JSON.
const VERSION_1: &[u8] = include_bytes!("../fixtures/version_1.journal");

const VERSION_1_ENTRIES: [(&str, &str); 5] = [
    (
        "x0",
        r#"{"execution":"x0","event_type":"result.submitted","task":"t0","state":"sent","attempts":1,"open_starts":0,
        "failures":0,"decision":{"action":"flag","reason":"two cuboids overlap"},"note":null,"retry_at_ms":null,
        "updated_at_ms":1790000000000}"#,
    ),
    ("x1", r#"{"execution":"x1","state":"decided","decision":{"action":"postpone"},"updated_at_ms":1790000000001}"#),
    ("x2", r#"{"execution":"x2","state":"started"}"#),
    ("x3", r#"{"execution":"x3","state":"teleported","destination":"elsewhere"}"#),
    ("x4", "not json"),
];

/// Compares the journal of a killed program with the fixture of version 1, which is never written again.
/// If this fails, the format has changed: raise its version, and add a fixture.
#[tokio::test]
async fn journal_of_this_version_equals_the_fixture() {
    let folder = folder();
    let path = folder.path().join("qa.journal");
    drop(RedbJournal::open(&path).unwrap());
    write(&path, 1, &VERSION_1_ENTRIES);
    // The file is open: a copy of it equals the file of a killed process.
    let held = RedbJournal::open(&path).unwrap();
    let [copy, fixture] = ["copy", "fixture"].map(|name| folder.path().join(name));
    std::fs::copy(&path, &copy).unwrap();
    std::fs::write(&fixture, VERSION_1).unwrap();
    drop(held);
    let mut loaded = Vec::new();
    for path in [path, copy, fixture] {
        let mut records = RedbJournal::open(&path).unwrap().load().await.unwrap();
        records.iter_mut().filter(|record| record.raw.is_some()).for_each(|record| record.updated_at_ms = 0);
        records.sort_by(|one, other| one.execution.cmp(&other.execution));
        loaded.push(records);
    }
    assert_eq!(loaded[0].len(), VERSION_1_ENTRIES.len());
    assert_eq!(loaded[0], loaded[2]);
    assert_eq!(loaded[1], loaded[2]);
}

/// Records have only the fields of the fixture: a new field needs a new version, or a neutral default.
#[tokio::test]
async fn records_have_the_fields_of_the_fixture() {
    let folder = folder();
    let path = folder.path().join("qa.journal");
    let journal = RedbJournal::open(&path).unwrap();
    let server = Server::new().with_executions(1);
    let agent = approving();
    let handle = agent.handle();
    agent.journal(journal).run_once(&server.client()).await.unwrap();
    drop(handle);
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_read().unwrap();
    let table = transaction.open_table(RECORDS).unwrap();
    let written = table.get("x0").unwrap().unwrap();
    let keys =
        |json: &[u8]| serde_json::from_slice::<std::collections::BTreeMap<String, serde_json::Value>>(json).unwrap();
    let written: Vec<String> = keys(written.value()).into_keys().collect();
    let fixture: Vec<String> = keys(VERSION_1_ENTRIES[0].1.as_bytes()).into_keys().collect();
    assert_eq!(written, fixture);
}

#[tokio::test]
async fn a_journal_of_version_1_is_replayed_in_one_round() {
    let folder = folder();
    let path = folder.path().join("qa.journal");
    std::fs::write(&path, VERSION_1).unwrap();
    let server = Server::new().with_executions(5);
    let agent = approving();
    let handle = agent.handle();
    agent.journal(RedbJournal::open(&path).unwrap()).run_once(&server.client()).await.unwrap();
    assert_eq!(server.decisions("x0"), ["flag: two cuboids overlap"]);
    assert_eq!(server.decisions("x1"), ["postpone"], "an action of a newer version is sent unchanged");
    assert_eq!(server.decisions("x2"), ["approve"], "its handler runs again");
    let parked = handle.parked();
    assert_eq!(parked.len(), 2);
    assert!(parked.iter().all(|record| record.note.as_deref().unwrap_or_default().contains("cannot be decoded")));
    assert!(parked.iter().any(|record| record.raw.as_deref().unwrap_or_default().contains("teleported")));
    assert!(parked.iter().any(|record| record.raw.as_deref() == Some("not json")));
    assert!(server.decisions("x3").is_empty() && server.decisions("x4").is_empty(), "a person decides");
}

#[test]
fn a_newer_journal_is_not_written_to() {
    let folder = folder();
    let closed = folder.path().join("closed");
    write(&closed, 2, &VERSION_1_ENTRIES);
    // A copy of an open database equals the file of a killed process, which has to be repaired.
    let database = Database::create(&closed).unwrap();
    let crashed = folder.path().join("crashed");
    std::fs::copy(&closed, &crashed).unwrap();
    drop(database);
    for path in [closed, crashed] {
        let (before, written) = (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap());
        let error = RedbJournal::open(&path).unwrap_err();
        assert!(error.to_string().contains("version 2 is newer than 1"), "{error}");
        assert!(std::fs::read(&path).unwrap() == before, "{}", path.display());
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no other file is left behind");
    }
}

#[tokio::test]
async fn a_truncated_journal_is_an_error_or_has_all_entries() {
    let folder = folder();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut refused, mut restored) = (0, 0);
    for number in 0..80 {
        let path = folder.path().join(format!("{number}"));
        let mut bytes = VERSION_1.to_vec();
        if number % 2 == 0 {
            bytes.truncate(random.usize(1..bytes.len()));
        } else {
            let start = random.usize(..bytes.len());
            let length = random.usize(1..600).min(bytes.len() - start);
            random.fill(&mut bytes[start..start + length]);
        }
        std::fs::write(&path, &bytes).unwrap();
        match RedbJournal::open(&path) {
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind(), AgentErrorKind::Journal);
                assert!(std::fs::read(&path).unwrap() == bytes, "a refused journal is left as it is");
            }
            Ok(journal) => {
                restored += 1;
                let records = journal.load().await.unwrap();
                assert!(records.len() == 5 || records.is_empty(), "{number}: {records:?}");
            }
        }
    }
    assert!(refused > 20 && restored > 5, "{refused} refused, {restored} restored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_at_the_same_time_are_all_kept() {
    let folder = folder();
    let path = folder.path().join("qa.journal");
    let server = Server::new().with_executions(300);
    let agent = approving().concurrency(300).journal(RedbJournal::open(&path).unwrap());
    agent.run_once(&server.client()).await.unwrap();
    server.assert_each_decided_once(300);
    let records = RedbJournal::open(&path).unwrap().load().await.unwrap();
    assert_eq!(records.len(), 300);
    assert!(records.iter().all(|record| record.state == RecordState::Acknowledged));
}

#[test]
fn a_journal_can_be_used_by_a_second_runtime() {
    let folder = folder();
    let journal = RedbJournal::open(folder.path().join("qa.journal")).unwrap();
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = Server::new().with_executions(1);
        let agent = approving().journal(journal.clone());
        runtime.spawn(agent.run_once(&server.client()));
        // Dropped while a write may be in flight.
        runtime.block_on(tokio::task::yield_now());
        drop(runtime);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::new().with_executions(3);
    runtime.block_on(approving().journal(journal).run_once(&server.client())).unwrap();
}

#[cfg(unix)]
#[test]
fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("qa.journal");
    drop(RedbJournal::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
