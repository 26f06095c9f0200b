//! The command line.

use std::ffi::OsString;
use std::time::Duration;

use avala_sandbox::{Fault, RateLimit, Sandbox, SandboxBuilder, Seed};
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
      --bare-member-lists   Answer lists of members as arrays, as some deployments do
      --fault <FAULT>       Go wrong once; may be given several times
  -h, --help                Print this help

A fault is written as METHOD PATH EFFECT [xTIMES], as in --fault 'GET /exports/ 503 x2'. The path is below /api/v1,
and a * at its end stands for everything that starts so. The effects:
  503                       Answer with this status, and process nothing; so for every status
  html                      Answer 200 with a page of HTML, and process nothing
  drop                      Close the connection, and process nothing
  drop-answer               Process, and close the connection
  cut:BYTES                 Process, and close the connection after so many bytes of the body
  delay:MS                  Process, and answer so many milliseconds later

Prints one line of JSON with `url` and `key` once it listens, and a line for each request to stderr.
It ends on ctrl-c.
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Start(SandboxBuilder, Vec<Fault>),
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut builder = Sandbox::builder();
    let mut faults = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("port") => builder.port(parser.value()?.parse()?),
            Arg::Long("key") => builder.api_key(parser.value()?.string()?),
            Arg::Long("seed") => builder.seed(parser.value()?.parse_with(seed)?),
            Arg::Long("rate-limit") => builder.rate_limit(RateLimit::per_minute(parser.value()?.parse()?)),
            Arg::Long("latency-ms") => builder.latency(Duration::from_millis(parser.value()?.parse()?)),
            Arg::Long("bare-member-lists") => builder.bare_member_lists(true),
            Arg::Long("fault") => {
                faults.push(parser.value()?.parse()?);
                builder
            }
            other => return Err(other.unexpected()),
        };
    }
    Ok(Command::Start(builder, faults))
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
        let line = "--port 8080 --key avk_1 --seed=empty --rate-limit 100 --latency-ms 30 --bare-member-lists";
        let Command::Start(builder, faults) = parse_line(line).unwrap() else { panic!("starts") };
        assert!(faults.is_empty());
        let text = format!("{builder:?}");
        for part in ["port: 8080", "seed: Empty", "requests: 100", "latency: 30ms", "bare_member_lists: true"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(parse_line("--port 1 --help").unwrap(), Command::Help));
    }

    #[test]
    fn faults_may_be_given_several_times() {
        let arguments = ["--fault", "GET /exports/ 503 x2", "--fault=POST /datasets/ drop-answer"].map(OsString::from);
        let Command::Start(_, faults) = parse(arguments).unwrap() else { panic!("starts") };
        assert_eq!(faults.len(), 2);
        for wrong in ["--fault", "--fault=GET", "--fault=GET /exports/ often"] {
            assert!(parse([OsString::from(wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for line in ["--port", "--port x", "--port 70000", "--seed large", "--rate-limit -1", "--what", "file"] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
