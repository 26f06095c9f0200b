//! Handles signals: restores the terminal before the program ends.
//!
//! A separate thread waits for signals, so that work of the main thread cannot delay them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError, mpsc};
#[cfg(unix)]
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::exit_code::ExitCode;
use crate::terminal::echo;

/// Whether the first signal is handled by the command instead of ending the program.
static IS_GRACEFUL: AtomicBool = AtomicBool::new(false);

/// Held while a file is changed.
static CHANGING: Mutex<()> = Mutex::new(());

/// How long a signal waits for a change of a file: a disk that hangs must not keep the program alive.
const LONGEST_CHANGE: Duration = Duration::from_secs(2);

/// Tells the command about the first signal.
static FIRST: Notify = Notify::const_new();

/// Installs handlers: SIGINT, SIGTERM, SIGHUP and the other signals that end a program restore the terminal and end it with
/// code 130; SIGTSTP restores the terminal while the program is stopped.
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

/// Makes the end of the program wait for a short change of a file, such as its replacement by a new one.
///
/// The change has to end by itself, and soon: signals wait for it.
pub(crate) fn uninterrupted<T>(change: impl FnOnce() -> T) -> T {
    let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    change()
}

fn interrupt() {
    if IS_GRACEFUL.swap(false, Ordering::SeqCst) {
        FIRST.notify_one();
        return;
    }
    let started = Instant::now();
    // Held to the end of the program, so that no change begins.
    let mut no_change = CHANGING.try_lock();
    while matches!(no_change, Err(TryLockError::WouldBlock)) && started.elapsed() < LONGEST_CHANGE {
        std::thread::sleep(Duration::from_millis(1));
        no_change = CHANGING.try_lock();
    }
    echo::restore();
    std::process::exit(i32::from(ExitCode::Interrupted.number()));
}

#[cfg(unix)]
async fn wait(ready: mpsc::SyncSender<()>) -> std::io::Result<()> {
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    let mut stop = signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
    let ends = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::quit(),
        SignalKind::alarm(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
    ];
    let ignored = ignored();
    let mut ends = ends
        .into_iter()
        .filter(|kind| ignored & (1 << (kind.as_raw_value() - 1)) == 0)
        .map(signal)
        .collect::<std::io::Result<Vec<_>>>()?;
    drop(ready);
    loop {
        let any_end = std::future::poll_fn(|cx| {
            if ends.iter_mut().any(|end| end.poll_recv(cx).is_ready()) { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            () = any_end => interrupt(),
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

/// Returns the signals that whoever started the program wants to be ignored, as a bit each: `nohup` does so with SIGHUP,
/// and a shell with SIGINT of its background jobs. A handler would undo that.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(not(unix))]
async fn wait(ready: mpsc::SyncSender<()>) -> std::io::Result<()> {
    drop(ready);
    loop {
        tokio::signal::ctrl_c().await?;
        interrupt();
    }
}
