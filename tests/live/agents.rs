//! Agents as processes with kills and signals, and agents behind faults. The long runs are `cargo xtask soak agents`.

use avala_agents::{Journal as _, RecordState, RedbJournal};
use avala_sandbox::{Sandbox, Seed};
use avala_tests::agents::process::{Program, Site, end};
use avala_tests::agents::program::HandlerKind;
use avala_tests::agents::{faults, kills, ledger};

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_agent_process"))
}

async fn site(name: &str) -> Site {
    Site::new(Sandbox::builder().seed(Seed::Empty).start().await.unwrap(), name).await.unwrap()
}

async fn undecided(site: &Site) -> usize {
    ledger::executions(&site.avala).await.unwrap().iter().filter(|execution| execution.action.is_none()).count()
}

#[tokio::test]
async fn a_killed_agent_decides_each_execution_once() {
    let report = kills::run(&program(), kills::Plan { kills: 8, executions: 80, seed: 7 }).await.unwrap();
    assert!(report.faults.is_empty(), "{report:#?}");
    assert_eq!(report.kills, 8);
    assert!(report.handler_runs >= 80, "{report:#?}");
}

#[tokio::test]
async fn an_agent_behind_faults_decides_each_execution_once() {
    let plan = faults::Plan { executions: 300, concurrency: 32, one_fault_in: 10, seed: 7 };
    let run = tokio::time::timeout(std::time::Duration::from_secs(240), faults::run(plan));
    let report = run.await.expect("the run hangs").unwrap();
    assert!(report.wrong.is_empty(), "{report:#?}");
    assert!(report.faults.len() >= 6, "every kind of fault was there: {report:#?}");
    assert_eq!(report.counters.parked, 0, "{report:#?}");
    assert_eq!(report.counters.skipped, 0, "{report:#?}");
}

#[tokio::test]
async fn execution_that_aborts_is_parked_after_three_starts() {
    let site = site("abort").await;
    for number in 0..100 {
        site.announce(number, if number == 0 { "poison" } else { "task" }).unwrap();
    }
    let mut settings = site.settings(HandlerKind::Abort);
    (settings.max_open_starts, settings.until_idle) = (3, true);
    let mut crashes = 0;
    // A supervisor that starts the program again.
    while !end(program().start(&settings).unwrap()).await.unwrap().0.success() {
        crashes += 1;
        assert!(crashes <= 3, "the process keeps crashing");
    }
    assert_eq!((crashes, undecided(&site).await), (3, 1));
    let records = RedbJournal::open(site.journal()).unwrap().load().await.unwrap();
    let parked: Vec<_> = records.iter().filter(|record| record.state == RecordState::Parked).collect();
    assert_eq!((parked.len(), parked[0].attempts), (1, 3));
    let poison = parked[0].execution.to_string();
    assert_eq!(site.log().iter().filter(|line| line.execution == poison).count(), 3);
}

#[tokio::test]
async fn a_journal_of_a_running_process_is_refused_by_another() {
    let site = site("locked").await;
    site.announce(0, "task").unwrap();
    let settings = site.settings(HandlerKind::Slow(60_000));
    let running = program().start(&settings).unwrap();
    site.wait_for_log(1, |_| true).await.unwrap();
    let (status, output) = end(program().start(&settings).unwrap()).await.unwrap();
    assert!(!status.success());
    assert!(output.contains("another process has it open"), "{output}");
    drop(running);
}

#[cfg(unix)]
mod signals {
    use std::time::Duration;

    use avala_tests::agents::process::signal;

    use super::*;

    #[tokio::test]
    async fn repeated_sigterms_to_process_and_group_drain_once() {
        let site = site("sigterm").await;
        site.announce(0, "task").unwrap();
        let settings = site.settings(HandlerKind::Slow(5_000));
        let child = program().start(&settings).unwrap();
        site.wait_for_log(1, |_| true).await.unwrap();
        // A process that has ended accepts signals too, until its parent waits for it.
        for to_group in [false, true, true] {
            signal(&child, "TERM", to_group).await.unwrap();
        }
        site.wait_for_drain(&settings).await.unwrap();
        // Not started any more.
        site.announce(1, "task").unwrap();
        // Later ones are not a person who asks again.
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            signal(&child, "TERM", true).await.unwrap();
        }
        let (status, output) = end(child).await.unwrap();
        assert!(status.success(), "{status}: {output}");
        assert_eq!(undecided(&site).await, 1);
    }

    #[tokio::test]
    async fn one_interrupt_sent_twice_drains_and_sigterm_does_not_end_it() {
        let site = site("sigint").await;
        site.announce(0, "task").unwrap();
        let child = program().start(&site.settings(HandlerKind::Slow(2_500))).unwrap();
        site.wait_for_log(1, |_| true).await.unwrap();
        // A shell and a supervisor forward the same keystroke. By one program, so that little time is in between.
        let id = child.id().unwrap();
        let twice = format!("kill -s INT {id}; kill -s INT -- -{id}");
        assert!(tokio::process::Command::new("sh").args(["-c", &twice]).status().await.unwrap().success());
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        signal(&child, "TERM", false).await.unwrap();
        let (status, output) = end(child).await.unwrap();
        assert!(status.success(), "{status}: {output}");
        assert_eq!(undecided(&site).await, 0);
    }

    #[tokio::test]
    async fn a_second_interrupt_after_a_second_ends_at_once() {
        let site = site("sigint-twice").await;
        site.announce(0, "task").unwrap();
        let mut settings = site.settings(HandlerKind::Slow(600_000));
        settings.grace_ms = 600_000;
        let mut child = program().start(&settings).unwrap();
        site.wait_for_log(1, |_| true).await.unwrap();
        // A busy machine delivers signals late, so that two of them may be less than a second apart.
        for _ in 0..20 {
            signal(&child, "INT", false).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
        // Long before the end of the grace period.
        end(child).await.unwrap();
        assert_eq!(undecided(&site).await, 1);
        let records = RedbJournal::open(site.journal()).unwrap().load().await.unwrap();
        assert_eq!(
            (records[0].open_starts, records[0].decision.as_ref()),
            (0, None),
            "a stop does not count as a crash"
        );
    }

    #[tokio::test]
    async fn a_full_disk_sends_nothing_that_is_not_in_the_journal() {
        let site = site("full").await;
        for number in 0..60 {
            site.announce(number, "task").unwrap();
        }
        // A limit on the size of files stands in for the disk. The signal for it is ignored, so that writes fail.
        let mut settings = site.settings(HandlerKind::Large(100_000));
        settings.concurrency = 2;
        let shell = Program {
            path: "sh".into(),
            arguments: ["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$1\"", env!("CARGO_BIN_EXE_agent_process")]
                .map(str::to_owned)
                .to_vec(),
        };
        let (status, output) = end(shell.start(&settings).unwrap()).await.unwrap();
        assert!(!status.success());
        assert!(output.contains("the journal failed; no decision is sent without it"), "{output}");
        let left = undecided(&site).await;
        assert!(left > 0 && left < 60, "{left} undecided");
        let mut settings = site.settings(HandlerKind::Quick);
        settings.until_idle = true;
        let (status, output) = end(program().start(&settings).unwrap()).await.unwrap();
        assert!(status.success(), "{status}: {output}");
        assert_eq!(undecided(&site).await, 0);
    }
}
