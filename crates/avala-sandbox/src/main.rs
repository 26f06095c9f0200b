//! `avala-sandbox`: a sandbox as a program of its own.

mod args;

use std::io::{self, Write};
use std::process::ExitCode;

use avala_sandbox::{Fault, LoggedRequest, SandboxBuilder};

use args::Command;

fn main() -> ExitCode {
    let result = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => io::stdout().lock().write_all(args::HELP.as_bytes()),
        Ok(Command::Start(builder, faults)) => run(builder, faults),
        Err(error) => {
            complain(&format!("{error}\nTry --help."));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(builder: SandboxBuilder, faults: Vec<Fault>) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let sandbox = builder.on_answer(log).start().await?;
        for fault in faults {
            sandbox.fault(fault).map_err(io::Error::other)?;
        }
        let line = serde_json::json!({ "url": sandbox.url(), "key": sandbox.key() });
        writeln!(io::stdout().lock(), "{line}")?;
        interrupted().await
    })
}

/// Waits for ctrl-c, or for a polite request to end where the system has one.
async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn log(request: &LoggedRequest) {
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let status = request.status.as_ref().map_or("connection closed", |status| status.as_str());
    complain(&format!("{} {}{query} {status}", request.method, request.path));
}

/// Writes a line to stderr. When that is closed there is nobody to tell.
fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
