//! Handles signals: restores the terminal before the program ends.
//!
//! A separate thread waits for signals, so that work of the main thread cannot delay them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use tokio::sync::Notify;

use crate::exit_code::ExitCode;
use crate::terminal::echo;

/// Whether the first signal is handled by the command instead of ending the program.
static IS_GRACEFUL: AtomicBool = AtomicBool::new(false);

/// Notifies the command of the first signal.
static FIRST: Notify = Notify::const_new();

/// Installs handlers: SIGINT, SIGTERM and SIGHUP restore the terminal and end the program with code 130; SIGTSTP
/// restores the terminal while the program is stopped.
///
/// When it returns, the handlers are in place.
pub(crate) fn install() {
    let (ready, is_ready) = mpsc::sync_channel(1);
    // Without a thread or handlers the signals keep their default effect.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
            let _ = runtime.block_on(wait(ready));
        }
    });
    let _ = is_ready.recv();
}

/// Waits for the first signal, after which the caller ends the program; a second signal ends it immediately.
pub(crate) async fn first_interrupt() {
    IS_GRACEFUL.store(true, Ordering::SeqCst);
    FIRST.notified().await;
}

/// Makes the first signal end the program again.
pub(crate) fn end_grace() {
    IS_GRACEFUL.store(false, Ordering::SeqCst);
}

fn interrupt() {
    if IS_GRACEFUL.swap(false, Ordering::SeqCst) {
        FIRST.notify_one();
        return;
    }
    echo::restore();
    std::process::exit(i32::from(ExitCode::Interrupted.number()));
}

#[cfg(unix)]
async fn wait(ready: mpsc::SyncSender<()>) -> std::io::Result<()> {
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    let mut int = signal(SignalKind::interrupt())?;
    let mut term = signal(SignalKind::terminate())?;
    let mut hup = signal(SignalKind::hangup())?;
    let mut stop = signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
    drop(ready);
    loop {
        tokio::select! {
            _ = int.recv() => interrupt(),
            _ = term.recv() => interrupt(),
            _ = hup.recv() => interrupt(),
            _ = stop.recv() => {
                // SIGSTOP takes effect some time after the call, so only SIGCONT marks its end.
                let mut go_on = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
                echo::suspend();
                let _ = kill_process(getpid(), Signal::STOP);
                go_on.recv().await;
                echo::resume();
            }
        }
    }
}

#[cfg(not(unix))]
async fn wait(ready: mpsc::SyncSender<()>) -> std::io::Result<()> {
    drop(ready);
    loop {
        tokio::signal::ctrl_c().await?;
        interrupt();
    }
}
