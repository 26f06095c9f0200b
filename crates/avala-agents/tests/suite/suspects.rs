use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_agents::types::EventType;
use avala_agents::{Agent, Context, Decision, MemoryJournal, RecordState};
use tokio_util::sync::CancellationToken;

use crate::server::Server;

#[tokio::test(start_paused = true)]
async fn execution_that_kills_its_process_parks_no_other() {
    let server = Server::new().with_executions(100);
    let journal = MemoryJournal::new();
    let runs = Arc::new(Mutex::new(HashMap::<String, u32>::new()));
    let mut crashes = 0;
    loop {
        let kill = CancellationToken::new();
        let (counted, killer) = (Arc::clone(&runs), kill.clone());
        let agent =
            Agent::new("qa").journal(journal.clone()).on(EventType::ResultSubmitted, move |context: Context| {
                *counted.lock().unwrap().entry(context.uid().to_string()).or_default() += 1;
                let killer = killer.clone();
                async move {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    if *context.uid() == "x0" {
                        killer.cancel();
                        std::future::pending::<()>().await;
                    }
                    Decision::approve()
                }
            });
        let mut running = tokio::spawn(agent.run_until_idle(&server.client()));
        tokio::select! {
            biased;
            () = kill.cancelled() => {
                running.abort();
                let _ = running.await;
                crashes += 1;
            }
            ended = &mut running => {
                ended.unwrap().unwrap();
                break;
            }
        }
        assert!(crashes < 10);
    }
    assert_eq!((crashes, runs.lock().unwrap()["x0"]), (3, 3));
    let parked: Vec<_> = journal.records().into_iter().filter(|record| record.state == RecordState::Parked).collect();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].execution, "x0");
    server.assert_each_decided_once(99);
}
