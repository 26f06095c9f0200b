//! The command line.

use std::ffi::OsString;
use std::time::Duration;

use avala_sandbox::{RateLimit, Sandbox, SandboxBuilder, Seed};
use lexopt::{Arg, ValueExt};

pub(crate) const HELP: &str = "\
An in-memory Avala on a loopback port, to develop and test integrations against.

Usage: avala-sandbox [OPTIONS]

Options:
      --port <PORT>         Listen on this port of 127.0.0.1 [default: 0, a free one]
      --key <KEY>           Take requests with this key [default: avk_test]
      --seed <SEED>         What is there at the start: demo or empty [default: demo]
      --rate-limit <N>      Refuse more than N requests a minute with 429 [default: no limit]
      --latency-ms <N>      Hold every answer back for N milliseconds [default: 0]
  -h, --help                Print this help

Prints one line of JSON with `url` and `key` once it listens, and a line for each request to stderr.
It ends on ctrl-c.
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Start(SandboxBuilder),
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut builder = Sandbox::builder();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("port") => builder.port(parser.value()?.parse()?),
            Arg::Long("key") => builder.api_key(parser.value()?.string()?),
            Arg::Long("seed") => builder.seed(parser.value()?.parse_with(seed)?),
            Arg::Long("rate-limit") => builder.rate_limit(RateLimit::per_minute(parser.value()?.parse()?)),
            Arg::Long("latency-ms") => builder.latency(Duration::from_millis(parser.value()?.parse()?)),
            other => return Err(other.unexpected()),
        };
    }
    Ok(Command::Start(builder))
}

fn seed(name: &str) -> Result<Seed, &'static str> {
    match name {
        "demo" => Ok(Seed::Demo),
        "empty" => Ok(Seed::Empty),
        _ => Err("a seed is demo or empty"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Command, lexopt::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn every_option_is_read() {
        let line = "--port 8080 --key avk_1 --seed=empty --rate-limit 100 --latency-ms 30";
        let Command::Start(builder) = parse_line(line).unwrap() else { panic!("starts") };
        let text = format!("{builder:?}");
        for part in ["port: 8080", "seed: Empty", "requests: 100", "latency: 30ms"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(parse_line("--port 1 --help").unwrap(), Command::Help));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for line in ["--port", "--port x", "--port 70000", "--seed large", "--rate-limit -1", "--what", "file"] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
