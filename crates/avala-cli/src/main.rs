//! `avala`: the command-line interface of Avala.

mod app;
mod args;
mod client;
mod commands;
mod config;
mod data;
mod exit_code;
mod failure;
mod key;
mod output;
mod redacted;
mod terminal;
mod topics;

fn main() -> std::process::ExitCode {
    app::run(std::env::args_os().collect()).number().into()
}
