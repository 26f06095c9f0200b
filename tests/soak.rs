//! Many calls through many faults: no call may be lost, executed twice, or wrong.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use avala_client::transport::{RateLimiter, RetryBudget, RetryPolicy};
use avala_client::types::{CreateExport, ProjectUid, Task, TaskUid};
use avala_client::{Avala, AvalaBuilder, Error, Sent, blocking};
use avala_sandbox::{Fault, Sandbox};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::soak_layers::Seen;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Number of calls.
    pub calls: usize,
    /// Number of calls in flight.
    pub in_flight: usize,
    /// Number of calls of which one gets a fault.
    pub one_fault_in: usize,
    /// The same seed gives the same calls and faults, though not the same order.
    pub seed: u64,
}

/// Outcome of a soak.
#[derive(Debug, Default)]
pub struct Report {
    /// Number of calls.
    pub calls: usize,
    /// Number of attempts.
    pub attempts: u64,
    /// The faults that were set, by their kind.
    pub faults: BTreeMap<&'static str, usize>,
    /// Calls that returned an error, by the kind of the error.
    pub errors: BTreeMap<String, usize>,
    /// Work whose reported state (done, or not begun) contradicts the server.
    pub lost: Vec<String>,
    /// Work that was done more than once.
    pub duplicated: Vec<String>,
    /// Responses that contradict the server.
    pub wrong: Vec<String>,
    /// Attempts that a user layer failed after they were executed.
    pub audits: usize,
    /// Calls whose end a user layer did not see.
    pub unseen: usize,
    /// Memory of the process in bytes after the first tenth of the calls, and after the last; 0 where it is not known.
    pub memory: (u64, u64),
    /// Outcome of each export at the client, until the server's list confirms it.
    claims: Vec<(String, Claim)>,
}

impl Report {
    /// Returns whether no call was lost, duplicated or wrong, and the layers saw all calls.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.duplicated.is_empty() && self.wrong.is_empty() && self.unseen == 0
    }
}

/// One call, as it ended.
enum End {
    Read {
        expected: Box<Task>,
        result: Result<(Box<Task>, u32), Error>,
    },
    Listed {
        result: Result<(usize, u32), Error>,
    },
    Streamed {
        result: Result<Vec<TaskUid>, Error>,
    },
    Exported {
        name: String,
        result: Result<u32, Error>,
    },
    /// The blocking client rejected the call.
    NotMade(Error),
}

/// Runs the agent against a new sandbox.
///
/// # Errors
/// When the sandbox does not start, or its state cannot be read in the end.
pub async fn run(plan: Plan) -> Result<Report, Failure> {
    let sandbox = Sandbox::start().await?;
    let seen = Seen::default();
    let avala = seen.add_layers(builder(&sandbox), 25)?.build()?.strict_decoding(true);
    // Drops unfinished calls, whose end a layer does not see.
    let without_layers = builder(&sandbox).build()?;
    // Reads the state of the server, without the failing layers.
    let reader = builder(&sandbox).build()?.strict_decoding(true);
    let tasks = reader.tasks().list().limit(1000).await?.items;
    let project = reader.projects().list().await?.items.first().map(|project| project.uid.clone());
    let project = project.ok_or("the sandbox has no project")?;

    // One call in four is blocking. The blocking calls share the connections of the others, on the thread of their
    // client.
    let blocking = blocking::Avala::new(avala.clone())?;
    let mut report = Report::default();
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let places = Arc::new(Semaphore::new(plan.in_flight));
    let made = Arc::new(AtomicUsize::new(0));
    let mut calls = JoinSet::new();
    for number in 0..plan.calls {
        let place = Arc::clone(&places).acquire_owned().await?;
        while let Some(end) = calls.try_join_next() {
            report.note(end?, tasks.len());
        }
        if number == plan.calls / 10 {
            report.memory.0 = resident_bytes();
        }
        if number.is_multiple_of(1000) {
            sandbox.clear_requests();
        }
        let expected = random.choice(&tasks).cloned().ok_or("the sandbox has no task")?;
        let kind = random.usize(..10);
        if random.usize(..plan.one_fault_in) == 0 {
            let (name, fault) = fault(&mut random);
            *report.faults.entry(name).or_default() += 1;
            sandbox.fault(match kind {
                0 => fault.on("POST", "/exports/"),
                1 | 2 => fault.on("GET", "/tasks/"),
                _ => fault.on("GET", &format!("/tasks/{}/", expected.uid)),
            })?;
        }
        let avala = if kind == 2 { without_layers.clone() } else { avala.clone() };
        let (project, made) = (project.clone(), Arc::clone(&made));
        if number % 4 == 0 {
            let blocking = blocking.clone();
            calls.spawn_blocking(move || {
                let call = async { Ok(call(&blocking, kind, number, expected, &project).await) };
                let end = blocking.run(call).unwrap_or_else(End::NotMade);
                made.fetch_add(1, Ordering::Relaxed);
                drop(place);
                end
            });
            continue;
        }
        calls.spawn(async move {
            let end = call(&avala, kind, number, expected, &project).await;
            made.fetch_add(1, Ordering::Relaxed);
            drop(place);
            end
        });
    }
    while let Some(end) = calls.join_next().await {
        report.note(end?, tasks.len());
    }
    report.memory.1 = resident_bytes();
    report.calls = made.load(Ordering::Relaxed);
    sandbox.clear_faults();
    report.settle(&reader).await?;
    (report.audits, report.unseen) = (seen.audits(), seen.unseen());
    Ok(report)
}

fn builder(sandbox: &Sandbox) -> AvalaBuilder {
    Avala::builder()
        .api_key(sandbox.key())
        .base_url(sandbox.url())
        .allow_insecure_base_url(true)
        .rate_limiter(RateLimiter::off())
        // The retry budget is disabled, because this run needs many faults.
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)).budget(RetryBudget::off()))
}

async fn call(avala: &Avala, kind: usize, number: usize, expected: Task, project: &ProjectUid) -> End {
    match kind {
        0 => {
            let name = format!("soak {number}");
            let result = avala.exports().create(&CreateExport::project(project).name(&name)).with_meta().await;
            End::Exported { name, result: result.map(|response| response.meta.attempts) }
        }
        1 => {
            let result = avala.tasks().list().limit(1000).with_meta().await;
            End::Listed { result: result.map(|response| (response.value.items.len(), response.meta.attempts)) }
        }
        2 => End::Streamed { result: stream(avala, number).await },
        _ => {
            let result = avala.tasks().get(&expected.uid).with_meta().await;
            let result = result.map(|response| (Box::new(response.value), response.meta.attempts));
            End::Read { expected: Box::new(expected), result }
        }
    }
}

/// Reads all tasks as a slow consumer, which pauses another list and a call, and makes calls meanwhile.
async fn stream(avala: &Avala, number: usize) -> Result<Vec<TaskUid>, Error> {
    let mut left_alone = avala.datasets().list().limit(1).items();
    left_alone.next().await.transpose()?;
    let mut call = avala.agents().list().into_future();
    let _ = Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop()));
    let mut tasks = avala.tasks().list().limit(30).items();
    let mut uids = Vec::new();
    while let Some(task) = tasks.next().await {
        uids.push(task?.uid);
        if (uids.len() + number).is_multiple_of(40) {
            tokio::time::sleep(Duration::from_millis(2)).await;
            avala.projects().list().await?;
        }
    }
    Ok(uids)
}

/// Returns a fault of any kind that the sandbox has.
fn fault(random: &mut fastrand::Rng) -> (&'static str, Fault) {
    match random.usize(..10) {
        0 => ("500", Fault::status(500)),
        1 => ("502, html", Fault::status(502).body("<html>Bad Gateway</html>")),
        2 => ("503, retry after", Fault::status(503).header("retry-after", "0")),
        3 => ("429", Fault::status(429).header("retry-after", "0")),
        4 => ("524", Fault::status(524)),
        5 => ("connection dropped", Fault::drop_connection()),
        6 => ("response dropped", Fault::drop_response()),
        7 => ("body cut", Fault::cut_body(random.usize(..200))),
        8 => ("responded late", Fault::delay(Duration::from_millis(random.u64(..20)))),
        _ => ("html instead of json", Fault::html()),
    }
}

impl Report {
    fn note(&mut self, end: End, tasks: usize) {
        match end {
            End::NotMade(error) => self.lost.push(error.to_string()),
            End::Read { expected, result } => {
                if let Some(task) = self.count(result)
                    && task != expected
                {
                    self.wrong.push(format!("task {} came as {}", expected.uid, task.uid));
                }
            }
            End::Listed { result } => {
                if let Some(length) = self.count(result)
                    && length != tasks
                {
                    self.wrong.push(format!("a list of {tasks} tasks came with {length}"));
                }
            }
            End::Streamed { result } => {
                let result = result.map(|uids| (uids, 1));
                if let Some(uids) = self.count(result) {
                    let different = uids.iter().collect::<HashSet<_>>().len();
                    if (uids.len(), different) != (tasks, tasks) {
                        self.wrong.push(format!(
                            "a stream of {tasks} tasks came with {}, {different} of them different",
                            uids.len()
                        ));
                    }
                }
            }
            End::Exported { name, result } => {
                // Decided at the end, by the list of the server.
                let claim = match &result {
                    Ok(_) => Claim::Done,
                    Err(error) if error.sent() == Sent::No => Claim::NotBegun,
                    Err(_) => Claim::Unknown,
                };
                self.count(result.map(|attempts| ((), attempts)));
                self.claims.push((name, claim));
            }
        }
    }

    /// Counts attempts and errors, and returns the value of a success.
    fn count<T>(&mut self, result: Result<(T, u32), Error>) -> Option<T> {
        match result {
            Ok((value, attempts)) => {
                self.attempts += u64::from(attempts);
                Some(value)
            }
            Err(error) => {
                self.attempts += u64::from(error.attempts());
                *self.errors.entry(format!("{:?}", error.kind())).or_default() += 1;
                None
            }
        }
    }

    /// Compares the outcomes at the client with the server.
    async fn settle(&mut self, avala: &Avala) -> Result<(), Failure> {
        let mut on_server = BTreeMap::<String, usize>::new();
        let mut exports = avala.exports().list().limit(1000).items();
        while let Some(export) = exports.next().await {
            *on_server.entry(export?.name.unwrap_or_default()).or_default() += 1;
        }
        for (name, claim) in std::mem::take(&mut self.claims) {
            match (on_server.get(&name).copied().unwrap_or_default(), claim) {
                (2.., _) => self.duplicated.push(name),
                (0, Claim::Done) => self.lost.push(format!("{name} was reported as done")),
                (1, Claim::NotBegun) => self.lost.push(format!("{name} was reported as not begun")),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Outcome of an export at the client.
#[derive(Debug)]
enum Claim {
    Done,
    NotBegun,
    Unknown,
}

/// Returns the resident memory of this process on Linux.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
