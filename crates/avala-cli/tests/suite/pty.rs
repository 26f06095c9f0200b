//! A program on a pseudo-terminal.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{Home, program};

pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A program on a pseudo-terminal, with everything that the terminal showed.
pub(crate) struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// Keeps the terminal open after the program ended, so that its modes can be compared.
    _slave: Box<dyn portable_pty::SlavePty + Send>,
    writer: Box<dyn std::io::Write + Send>,
    output: Receiver<Vec<u8>>,
    pub(crate) shown: String,
    /// The modes of the terminal before the program started.
    pub(crate) before: String,
}

impl Session {
    pub(crate) fn new(home: &Home, args: &[&str]) -> Self {
        Self::sized(home, args, 100)
    }

    pub(crate) fn sized(home: &Home, args: &[&str], columns: u16) -> Self {
        let mut command = CommandBuilder::new(program());
        command.args(args);
        Self::start(home, command, columns)
    }

    pub(crate) fn start(home: &Home, mut command: CommandBuilder, columns: u16) -> Self {
        let size = PtySize { rows: 24, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.env("TERM", "xterm");
        command.cwd(home.path(""));
        // Read before the program starts: it may have switched the echo off before anything else runs here.
        let before = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(size) = reader.read(&mut chunk) {
                if size == 0 || sender.send(chunk[..size].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master: pair.master, _slave: pair.slave, writer, output, shown: String::new(), before }
    }

    /// Waits until the terminal showed a text.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) {
        self.expect_that(&format!("{text:?}"), |shown| shown.contains(text));
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits for the end, and returns the exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> u32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.read_to_end();
                return status.exit_code();
            }
            assert!(started.elapsed() < PATIENCE, "it hangs: {:?}", self.shown);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Reads what the program wrote: a terminal keeps the order of what is written, so that a mark behind it is the
    /// end.
    fn read_to_end(&mut self) {
        const MARK: &str = "<end of the session>";
        let name = self.master.tty_name().unwrap();
        // Another process writes it, which cannot get this terminal as its own.
        let write = ["-c", "printf %s \"$1\" > \"$0\"", &name.display().to_string(), MARK].map(str::to_owned);
        assert!(std::process::Command::new("sh").args(write).status().unwrap().success());
        self.expect(MARK);
        self.shown = self.shown.replace(MARK, "");
    }

    /// Waits until the program is stopped, as by Ctrl-Z.
    #[track_caller]
    pub(crate) fn expect_stopped(&self) {
        let pid = self.child.process_id().unwrap().to_string();
        let started = Instant::now();
        loop {
            let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap();
            if String::from_utf8_lossy(&output.stdout).trim_start().starts_with('T') {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "it does not stop: {:?}", self.shown);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&self, columns: u16) {
        self.master.resize(PtySize { rows: 24, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits until the terminal showed something for which this holds.
    #[track_caller]
    pub(crate) fn expect_that(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let started = Instant::now();
        while !holds(&self.shown) {
            assert!(started.elapsed() < PATIENCE, "{what} did not come: {:?}", self.shown);
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                self.shown.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    pub(crate) fn modes(&self) -> String {
        modes(self.master.as_ref())
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Returns what was shown, without the line breaks of a terminal.
    pub(crate) fn lines(&self) -> String {
        self.shown.replace("\r\n", "\n")
    }
}

/// Returns the modes of a terminal, as `stty -g` prints them.
fn modes(terminal: &dyn MasterPty) -> String {
    let name = terminal.tty_name().unwrap();
    let output = std::process::Command::new("stty").arg("-F").arg(name).arg("-g").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
