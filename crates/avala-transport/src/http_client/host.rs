//! Idle connections of one host, and the calls that wait for one.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::connection::{Connection, current_runtime};
use super::host_name::HostName;

/// Number of idle connections of a host that are kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdleLimits {
    /// `None` means no limit.
    pub(super) timeout: Option<Duration>,
    /// Connections of HTTP/1.1. One of HTTP/2 is always kept, because calls share it.
    pub(super) connections: usize,
}

impl IdleLimits {
    fn is_over(&self, since: Instant, now: Instant) -> bool {
        self.timeout.is_some_and(|timeout| now.saturating_duration_since(since) >= timeout)
    }
}

/// One host and its connections.
pub(super) struct Host {
    name: HostName,
    limits: IdleLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Sorted by idle time, longest first. A connection of HTTP/2 stays here while calls use it.
    idle: Vec<Idle>,
    /// Calls without a connection. Each opens one itself meanwhile, so that none depends on another.
    waiting: VecDeque<Waiter>,
    /// Task that closes the idle connections in time, as long as there are any.
    watch: Option<AbortHandle>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

struct Waiter {
    sender: oneshot::Sender<Connection>,
    /// The runtime of its call.
    runtime: Option<runtime::Id>,
}

impl Host {
    pub(super) fn new(name: HostName, limits: IdleLimits) -> Self {
        Self { name, limits, state: Mutex::default() }
    }

    pub(super) fn name(&self) -> &HostName {
        &self.name
    }

    pub(super) fn has_connections(&self) -> bool {
        self.lock().idle.iter().any(|idle| idle.connection.is_ready())
    }

    /// Takes the connection that was used last, because the server keeps that one open the longest.
    ///
    /// Connections of other runtimes stay: such a runtime may be idle, and a request would wait until it runs again.
    pub(super) fn take(&self, now: Instant) -> Option<Connection> {
        let runtime = current_runtime();
        let mut state = self.lock();
        loop {
            let index = state.idle.iter().rposition(|idle| idle.connection.runtime() == runtime)?;
            let Idle { connection, since } = state.idle.remove(index);
            if !connection.is_ready() {
                continue;
            }
            if self.limits.is_over(since, now) {
                // All others of this runtime were idle for longer.
                state.idle.retain(|idle| idle.connection.runtime() != runtime);
                return None;
            }
            if let Some(connection) = connection.share() {
                state.idle.push(Idle { connection, since: now });
            }
            return Some(connection);
        }
    }

    /// Starts to wait for a connection that another call of this runtime releases.
    pub(super) fn wait(self: &Arc<Self>) -> Waiting {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        // Calls that have ended are removed only when the list would grow: many calls at once must not each walk
        // through it.
        if state.waiting.len() == state.waiting.capacity() {
            state.waiting.retain(|waiting| !waiting.sender.is_closed());
        }
        state.waiting.push_back(Waiter { sender, runtime: current_runtime() });
        Waiting { receiver, host: Arc::clone(self) }
    }

    /// Adds a new connection and returns it. Of several with HTTP/2, all calls of a runtime use the first.
    pub(super) fn add(self: &Arc<Self>, connection: Connection) -> Connection {
        let Some(shared) = connection.share() else { return connection };
        let mut state = self.lock();
        let runtime = connection.runtime();
        let is_usable = |idle: &&Idle| idle.connection.is_ready() && idle.connection.runtime() == runtime;
        let mut open = state.idle.iter().filter(is_usable);
        if let Some(first) = open.find_map(|idle| idle.connection.share()) {
            return first;
        }
        self.keep(&mut state, shared, Instant::now());
        let waiting = std::mem::take(&mut state.waiting);
        let (served, left): (VecDeque<_>, _) = waiting.into_iter().partition(|waiting| waiting.runtime == runtime);
        state.waiting = left;
        drop(state);
        for waiting in served {
            if let Some(shared) = connection.share() {
                // A call that has ended needs no connection.
                let _ = waiting.sender.send(shared);
            }
        }
        connection
    }

    /// Takes back a connection when its response has arrived. It can be used again when the body was also read.
    pub(super) fn release(self: &Arc<Self>, mut connection: Connection, now: Instant) {
        if !connection.is_http1() || connection.is_ready() {
            return self.put(connection, now);
        }
        let host = Arc::clone(self);
        // Without a runtime, nothing drives the connection, and it cannot be used again.
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(async move {
                poll_fn(|cx| connection.poll_ready(cx)).await;
                host.put(connection, Instant::now());
            }));
        }
    }

    /// Hands a connection of HTTP/1.1 to the call that has waited the longest, or keeps it. Drops it if it is closed.
    pub(super) fn put(self: &Arc<Self>, connection: Connection, now: Instant) {
        if !connection.is_http1() || !connection.is_ready() {
            return;
        }
        let mut connection = connection.into_used();
        loop {
            let mut state = self.lock();
            let first = state.waiting.iter().position(|waiting| waiting.runtime == connection.runtime());
            let Some(waiting) = first.and_then(|first| state.waiting.remove(first)) else {
                if state.idle.len() < self.limits.connections {
                    self.keep(&mut state, connection, now);
                }
                return;
            };
            drop(state);
            match waiting.sender.send(connection) {
                Ok(()) => return,
                // That call no longer waits.
                Err(returned) => connection = returned,
            }
        }
    }

    fn keep(self: &Arc<Self>, state: &mut State, connection: Connection, now: Instant) {
        state.idle.push(Idle { connection, since: now });
        // The task has ended if its runtime has ended.
        if state.watch.as_ref().is_some_and(|watch| !watch.is_finished()) {
            return;
        }
        // A connection may be released outside a runtime. Then the next one that is kept starts the task.
        if let Some(end) = self.limits.timeout.and_then(|timeout| now.checked_add(timeout))
            && let Ok(runtime) = Handle::try_current()
        {
            state.watch = Some(runtime.spawn(watch(Arc::downgrade(self), end)).abort_handle());
        }
    }

    /// Closes connections that were idle for too long. Returns when the next one must be closed.
    fn close_expired(&self) -> Option<Instant> {
        let mut state = self.lock();
        let now = Instant::now();
        state.idle.retain(|idle| idle.connection.is_ready() && !self.limits.is_over(idle.since, now));
        let next = state.idle.first().and_then(|idle| idle.since.checked_add(self.limits.timeout?));
        if next.is_none() {
            // Under the same lock, so that a connection that is kept from now on starts another task.
            state.watch = None;
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(watch) = self.lock().watch.take() {
            watch.abort();
        }
    }
}

async fn watch(host: Weak<Host>, first: Instant) {
    let mut next = Some(first);
    while let Some(end) = next {
        sleep_until(end).await;
        next = host.upgrade().and_then(|host| host.close_expired());
    }
}

/// A call that waits for a connection. A connection that arrives when the call has ended goes back to its host.
pub(super) struct Waiting {
    receiver: oneshot::Receiver<Connection>,
    host: Arc<Host>,
}

impl Waiting {
    /// Waits until another call has released a connection. Ready once.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Connection> {
        if self.receiver.is_terminated() {
            return Poll::Pending;
        }
        match Pin::new(&mut self.receiver).poll(cx) {
            Poll::Ready(Ok(connection)) => Poll::Ready(connection),
            // The host drops no call that waits.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(connection) = self.receiver.try_recv() {
            self.host.put(connection, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use http::uri::{Authority, Scheme};
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
    use tokio::runtime::{Builder, Runtime};
    use tokio::time::sleep;

    use super::super::connection::over_http1;
    use super::super::idle_check::Activity;
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(50);

    fn host(connections: usize) -> Arc<Host> {
        let limits = IdleLimits { timeout: Some(TIMEOUT), connections };
        let name = HostName::new(Scheme::HTTP, Authority::from_static("127.0.0.1:8000")).unwrap();
        Arc::new(Host::new(name, limits))
    }

    /// Returns a connection and its end at the server.
    async fn connection() -> (Connection, DuplexStream) {
        let (client, server) = duplex(1024);
        let connection = over_http1(&http1::Builder::new(), TokioIo::new(client), Activity::default()).await;
        (connection.ok().unwrap(), server)
    }

    fn paused_runtime() -> Runtime {
        Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
    }

    fn is_ready(waiting: &mut Waiting) -> bool {
        waiting.poll(&mut Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    #[tokio::test]
    async fn released_connection_goes_to_the_call_that_waited_longest() {
        let host = host(8);
        let (mut first, mut second) = (host.wait(), host.wait());
        let (connection, _server) = connection().await;
        host.put(connection, Instant::now());
        assert!(!is_ready(&mut second) && is_ready(&mut first));
        assert!(host.take(Instant::now()).is_none());
    }

    #[tokio::test]
    async fn connection_of_a_dropped_call_is_not_lost() {
        let host = host(8);
        let (first, mut second) = (host.wait(), host.wait());
        let (connection, _server) = connection().await;
        // Released to the first call, which is not polled again.
        host.put(connection, Instant::now());
        drop(first);
        assert!(is_ready(&mut second));

        let (connection, _server) = self::connection().await;
        drop(host.wait());
        host.put(connection, Instant::now());
        assert!(host.take(Instant::now()).is_some_and(|connection| connection.is_used()));
    }

    #[tokio::test]
    async fn calls_that_gave_up_waiting_are_forgotten() {
        let host = host(8);
        for _ in 0..100 {
            drop(host.wait());
        }
        assert!(host.lock().waiting.len() <= 4);
    }

    #[tokio::test]
    async fn closed_connection_is_not_taken() {
        let host = host(8);
        let ((kept, _server), (closed, server)) = (connection().await, connection().await);
        host.put(kept, Instant::now());
        host.put(closed, Instant::now());
        drop(server);
        // Its task can read the end now.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(host.take(Instant::now()).is_some());
        assert!(host.take(Instant::now()).is_none() && !host.has_connections());
    }

    #[tokio::test(start_paused = true)]
    async fn connection_is_closed_after_the_idle_timeout() {
        let host = host(1);
        let ((first, mut server), (second, mut dropped)) = (connection().await, connection().await);
        host.put(first, Instant::now());
        host.put(second, Instant::now());
        assert_eq!(dropped.read(&mut [0; 8]).await.unwrap(), 0, "more than are kept");
        let started = Instant::now();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        let elapsed = started.elapsed();
        assert!(elapsed >= TIMEOUT && elapsed < TIMEOUT + Duration::from_secs(1), "{elapsed:?}");
        assert!(host.lock().watch.is_none());
    }

    #[test]
    fn expired_connection_is_not_taken() {
        let host = host(8);
        let runtime = paused_runtime();
        let (connection, _server) = runtime.block_on(connection());
        // Outside a runtime, so that no task closes it.
        host.put(connection, Instant::now());
        runtime.block_on(async {
            tokio::time::advance(TIMEOUT * 2).await;
            assert!(host.has_connections());
            assert!(host.take(Instant::now()).is_none());
        });
    }

    #[test]
    fn idle_connections_are_closed_after_their_first_runtime_ended() {
        let host = host(8);
        let first = paused_runtime();
        first.block_on(async { host.put(connection().await.0, Instant::now()) });
        drop(first);
        paused_runtime().block_on(async {
            let (connection, mut server) = connection().await;
            host.put(connection, Instant::now());
            let closed = async { assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0) };
            tokio::select! {
                () = closed => {}
                () = sleep(TIMEOUT * 2) => panic!("it is still open"),
            }
        });
    }

    #[tokio::test(start_paused = true)]
    async fn no_task_is_left_of_a_dropped_host() {
        let host = host(8);
        let (connection, mut server) = connection().await;
        host.put(connection, Instant::now());
        drop(host);
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        let started = Instant::now();
        while Handle::current().metrics().num_alive_tasks() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(started.elapsed() < TIMEOUT);
    }
}
