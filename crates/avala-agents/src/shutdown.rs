//! Stops an agent on SIGINT and SIGTERM.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time within which a second SIGINT counts as the same keystroke, forwarded by a shell or a supervisor.
const REPEAT: Duration = Duration::from_secs(1);

/// Cancels `stop` at the first signal, and `abort` at a SIGINT at least a second after the first SIGINT.
pub(crate) fn watch(stop: CancellationToken, abort: CancellationToken) -> std::io::Result<JoinHandle<()>> {
    let mut signals = Signals::new()?;
    Ok(tokio::spawn(async move {
        let mut first_interrupt: Option<Instant> = None;
        loop {
            let is_interrupt = signals.next().await;
            if !stop.is_cancelled() {
                tracing::info!("stopping: running handlers may finish");
                stop.cancel();
            }
            // Supervisors send SIGTERM several times, so only SIGINT counts.
            match first_interrupt {
                None => first_interrupt = is_interrupt.then(Instant::now),
                Some(at) if is_interrupt && at.elapsed() >= REPEAT => {
                    tracing::warn!("interrupted again: ending immediately");
                    abort.cancel();
                    return;
                }
                Some(_) => {}
            }
        }
    }))
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for a signal; `true` for SIGINT.
    async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => false,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        true
    }
}
