//! The executions that are being handled, each in its own task.

use std::collections::HashSet;

use avala_client::types::{ExecutionUid, TaskUid};
use tokio::task::{JoinError, JoinSet};

use super::outcome::Ending;
use crate::error::{AgentError, AgentErrorKind};
use crate::monitor::Monitor;

/// Result of a worker: its execution, the task of the execution, and the outcome.
type Ended = (ExecutionUid, Option<TaskUid>, Result<Ending, AgentError>);

/// Executions that are being handled or delivered, one per task.
pub(super) struct Workers {
    tasks: JoinSet<Ended>,
    running: HashSet<ExecutionUid>,
    busy: HashSet<TaskUid>,
    /// The running execution whose earlier start ended with the process, if any. There is one at a time, so that the
    /// execution that kills the process can be identified.
    suspect: Option<ExecutionUid>,
    monitor: Monitor,
}

impl Workers {
    pub(super) fn new(monitor: Monitor) -> Self {
        Self { tasks: JoinSet::new(), running: HashSet::new(), busy: HashSet::new(), suspect: None, monitor }
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Returns the executions that are being handled.
    pub(super) fn running(&self) -> &HashSet<ExecutionUid> {
        &self.running
    }

    pub(super) fn is_running(&self, execution: &ExecutionUid) -> bool {
        self.running.contains(execution)
    }

    /// Returns whether an execution of this task is being handled.
    pub(super) fn is_busy(&self, task: Option<&TaskUid>) -> bool {
        task.is_some_and(|task| self.busy.contains(task))
    }

    pub(super) fn has_suspect(&self) -> bool {
        self.suspect.is_some()
    }

    /// Starts to handle an execution. `is_suspect`: an earlier start of the execution ended with the process.
    pub(super) fn spawn(
        &mut self,
        execution: ExecutionUid,
        task: Option<TaskUid>,
        is_suspect: bool,
        work: impl Future<Output = Result<Ending, AgentError>> + Send + 'static,
    ) {
        self.running.insert(execution.clone());
        self.busy.extend(task.clone());
        if is_suspect {
            self.suspect = Some(execution.clone());
        }
        self.tasks.spawn(async move { (execution, task, work.await) });
        self.monitor.set_in_flight(self.len());
    }

    /// Waits until a worker ends; `None` if there is none. Can be dropped and called again.
    pub(super) async fn next(&mut self) -> Option<Result<(ExecutionUid, Ending), AgentError>> {
        loop {
            let joined = self.tasks.join_next().await?;
            if let Some(ended) = self.ended(joined) {
                return Some(ended);
            }
        }
    }

    /// Aborts all of them, such as when a journal does not respond.
    pub(super) fn abort(&mut self) {
        self.tasks.abort_all();
    }

    /// Returns the result of a task; `None` if it was aborted.
    fn ended(&mut self, joined: Result<Ended, JoinError>) -> Option<Result<(ExecutionUid, Ending), AgentError>> {
        self.monitor.set_in_flight(self.len());
        let (execution, task, ending) = match joined {
            Ok(ended) => ended,
            // Handlers run in their own tasks, so a panic is not theirs.
            Err(error) if error.is_panic() => {
                let message =
                    "a journal or a claim store panicked; decisions that were not acknowledged stay in the journal";
                return Some(Err(AgentError::new(AgentErrorKind::Journal, message)));
            }
            Err(_) => return None,
        };
        self.running.remove(&execution);
        self.suspect.take_if(|suspect| *suspect == execution);
        task.iter().for_each(|task| {
            self.busy.remove(task);
        });
        Some(ending.map(|ending| (execution, ending)))
    }
}
