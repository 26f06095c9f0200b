//! `avala-sandbox`: a sandbox as a separate program.

mod args;

use std::io::{self, Write};
use std::process::ExitCode;

use avala_sandbox::LoggedRequest;

use args::{Command, Start};

fn main() -> ExitCode {
    let result = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => io::stdout().lock().write_all(args::HELP.as_bytes()),
        Ok(Command::Version) => writeln!(io::stdout().lock(), "avala-sandbox {}", env!("CARGO_PKG_VERSION")),
        Ok(Command::Start(start)) => run(*start),
        Err(error) => {
            log_line(&format!("{error}\nTry --help."));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log_line(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(start: Start) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let builder = if start.quiet { start.builder } else { start.builder.on_response(log) };
        let sandbox = builder.start().await?;
        for fault in start.faults {
            sandbox.fault(fault).map_err(io::Error::other)?;
        }
        #[cfg_attr(not(feature = "tls"), allow(unused_mut, reason = "without TLS there is no CA"))]
        let mut line = serde_json::json!({ "url": sandbox.url(), "key": sandbox.api_key() });
        #[cfg(feature = "tls")]
        if let (Some(proxy), Some(pem)) = (sandbox.proxy_url(), sandbox.ca_certificate_pem()) {
            std::fs::write(&start.ca_file, pem).map_err(|error| {
                let file = start.ca_file.display();
                io::Error::new(error.kind(), format!("cannot write the CA certificate to {file}: {error}"))
            })?;
            line["proxy_url"] = proxy.into();
            line["ca_file"] = start.ca_file.display().to_string().into();
        }
        writeln!(io::stdout().lock(), "{line}")?;
        interrupted().await
    })
}

/// Waits for ctrl-c, or for SIGTERM where the system has it.
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
    let query = request.query.as_ref().map(|query| format!("?{}", without_secrets(query))).unwrap_or_default();
    let status = request.status.as_ref().map_or("connection closed", |status| status.as_str());
    log_line(&format!("{} {}{query} {status}", request.method, request.path));
}

/// Returns a query without the values of parameters that are named like secrets: a log is kept and shared.
fn without_secrets(query: &str) -> String {
    let secret = ["key", "token", "secret", "password", "signature", "sig", "credential", "auth"];
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if secret.iter().any(|part| name.to_ascii_lowercase().contains(part)) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

/// Writes a line to stderr. If stderr is closed, that cannot be reported.
fn log_line(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn secret_parameters_are_not_logged() {
        let shown = super::without_secrets("limit=5&X-Amz-Signature=hunter2&api_key=hunter2&cursor=a");
        assert_eq!(shown, "limit=5&X-Amz-Signature=***&api_key=***&cursor=a");
    }
}
