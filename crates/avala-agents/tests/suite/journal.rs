use avala_agents::{AgentErrorKind, Decision, Journal, RecordState, RedbJournal};
use redb::{Database, TableDefinition};

use crate::server::{Server, approving};

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("avala.agent.records");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("avala.agent.meta");

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes entries as another version of the program would.
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
fn newer_foreign_and_torn_files_are_rejected() {
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

#[cfg(unix)]
#[test]
fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("qa.journal");
    drop(RedbJournal::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
