//! Starts workers within the limits: first deliveries of decisions, then handlers, oldest execution first.

use std::sync::Arc;

use avala_client::types::{ExecutionUid, TaskUid};
use tokio::time::Instant;

use super::Loop;
use crate::error::AgentError;
use crate::runtime::outcome::Ending;
use crate::runtime::work;

impl Loop {
    /// Queues the decisions that an earlier process or attempt did not deliver.
    pub(super) fn find_undelivered(&mut self) {
        let records = self.shared.records();
        let undelivered = records.open().filter(|record| record.is_undelivered());
        let undelivered = undelivered.filter(|record| !self.workers.is_running(&record.execution));
        self.undelivered = undelivered.map(|record| record.execution.clone()).collect();
    }

    /// Starts as many workers as the limits allow. Returns when the next one may start.
    pub(super) fn start_workers(&mut self) -> Option<Instant> {
        if self.starts_nothing {
            return None;
        }
        let deliveries = self.start_deliveries();
        let handlers = self.start_handlers();
        if self.backlog.needs_more(self.workers.len(), self.shared.settings.concurrency) {
            self.schedule.refill(Instant::now());
        }
        deliveries.into_iter().chain(handlers).min()
    }

    fn start_deliveries(&mut self) -> Option<Instant> {
        let mut next_start: Option<Instant> = None;
        for _ in 0..self.undelivered.len() {
            if self.workers.len() >= self.shared.settings.concurrency {
                break;
            }
            let Some(uid) = self.undelivered.pop_front() else { break };
            let record = self.shared.records().get(&uid).filter(|record| record.is_undelivered()).cloned();
            let Some(record) = record.filter(|_| !self.workers.is_running(&uid)) else { continue };
            let retry_at = self.shared.retries().get(&uid).copied().filter(|at| *at > Instant::now());
            if retry_at.is_some() || self.workers.is_busy(record.task.as_ref()) {
                next_start = next_start.into_iter().chain(retry_at).min();
                self.undelivered.push_back(uid);
                continue;
            }
            self.shared.retries().remove(&uid);
            let shared = Arc::clone(&self.shared);
            self.spawn(uid, record.task.clone(), false, async move { work::deliver_again(&shared, record).await });
        }
        next_start
    }

    fn start_handlers(&mut self) -> Option<Instant> {
        let now = Instant::now();
        self.backlog.wake(now);
        let mut next_start = self.backlog.next_wake();
        let mut later = Vec::new();
        while !self.shared.monitor.is_quiet() && self.workers.len() < self.shared.settings.concurrency {
            let Some((execution, task)) = self.backlog.pop() else { break };
            if self.workers.is_running(&execution.uid) || self.shared.records().is_done(&execution.uid) {
                continue;
            }
            // The execution failed after it was listed.
            let retry_at = self.shared.retries().get(&execution.uid).copied().filter(|at| *at > now);
            if let Some(at) = retry_at {
                next_start = next_start.into_iter().chain([at]).min();
                self.backlog.add(execution, Some(at));
                continue;
            }
            let record = self.shared.records().get(&execution.uid).cloned();
            let is_suspect = record.as_ref().is_some_and(|record| record.open_starts > 0);
            if (is_suspect && self.workers.has_suspect()) || self.workers.is_busy(task.as_ref()) {
                later.push((execution, task));
                continue;
            }
            if let Some(start) = self.shared.next_start(&execution.event_type).filter(|start| *start > now) {
                next_start = next_start.into_iter().chain([start]).min();
                later.push((execution, task));
                continue;
            }
            self.course.count_start();
            self.shared.count_start(&execution.event_type);
            self.shared.retries().remove(&execution.uid);
            let (shared, uid) = (Arc::clone(&self.shared), execution.uid.clone());
            self.spawn(uid, task, is_suspect, async move { work::handle(&shared, execution, record).await });
        }
        self.backlog.put_back(later);
        next_start
    }

    fn spawn(
        &mut self,
        execution: ExecutionUid,
        task: Option<TaskUid>,
        is_suspect: bool,
        work: impl Future<Output = Result<Ending, AgentError>> + Send + 'static,
    ) {
        self.is_idle = false;
        self.workers.spawn(execution, task, is_suspect, work);
    }
}
