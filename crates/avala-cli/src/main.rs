//! `avala`: the command-line interface of Avala.

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

fn main() -> std::process::ExitCode {
    app::run(std::env::args_os().collect()).number().into()
}
