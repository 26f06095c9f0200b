//! The echo of the terminal, off while a secret is typed.

#[cfg(unix)]
mod imp {
    use std::io::{self, Write as _};
    use std::sync::{Mutex, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// A question with a hidden reply, and the former terminal modes.
    struct Hidden {
        before: Termios,
        question: String,
    }

    static HIDDEN: Mutex<Option<Hidden>> = Mutex::new(None);

    fn hidden() -> std::sync::MutexGuard<'static, Option<Hidden>> {
        HIDDEN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_off(before: &Termios) -> io::Result<()> {
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        modes.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        Ok(tcsetattr(io::stdin(), OptionalActions::Flush, &modes)?)
    }

    pub(crate) fn hide(question: &str) -> io::Result<()> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = hidden();
        turn_off(&before)?;
        *hidden = Some(Hidden { before, question: question.to_owned() });
        Ok(())
    }

    /// Turns the echo on again if it was turned off.
    pub(crate) fn restore() {
        if let Some(hidden) = hidden().take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &hidden.before);
            let _ = writeln!(io::stderr().lock());
        }
    }

    /// Turns the echo on while the program is stopped.
    pub(crate) fn suspend() {
        if let Some(hidden) = &*hidden() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &hidden.before);
        }
    }

    /// Turns the echo off again, and repeats the question.
    pub(crate) fn resume() {
        if let Some(hidden) = &*hidden() {
            let _ = turn_off(&hidden.before);
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "{}", hidden.question);
            let _ = stderr.flush();
        }
    }
}

#[cfg(not(unix))]
mod imp {
    pub(crate) fn hide(_: &str) -> std::io::Result<()> {
        Err(std::io::Error::other("this system cannot hide what is typed; use --api-key-file"))
    }

    pub(crate) fn restore() {}
}

pub(crate) use imp::*;
