#![doc = include_str!("../README.md")]

mod app;
mod args;
mod client;
mod commands;
mod completion;
mod config;
mod data;
mod exit_code;
mod failure;
mod key;
mod output;
mod redacted;
mod serve;
mod terminal;
mod topics;
mod waits;

/// The allocator of musl maps and unmaps memory for most blocks, which takes more time than the rest of a short
/// command.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    // A panic is a bug: it is reported in one line, like any error, and the terminal is restored.
    std::panic::set_hook(Box::new(|panic| {
        terminal::restore();
        terminal::stderr_line(&failure::defect(panic));
        std::process::exit(1);
    }));
    app::run(std::env::args_os().collect()).number().into()
}
