//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
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
      --latency-ms <N>      Hold every response back for N milliseconds [default: 0]
      --bare-member-lists   Respond with lists of members as arrays, as some deployments do
      --update-agents       Update the agent of the same name when one is registered, instead of creating another
      --access-token <T>    Accept this OAuth access token in 'Authorization: Bearer'; the key is accepted there too
      --url-lifetime <N>    Seconds that URLs of the storage host are valid [default: 3600]
      --tls                 Serve https, and start a CONNECT proxy for the known hosts (see below)
      --proxy-port <PORT>   Listen on this port with the proxy [default: 0, a free one]
      --ca-file <PATH>      Write the certificate of the test CA to this file [default: avala-sandbox-ca.pem]
      --fault <FAULT>       Go wrong once; may be given several times
  -h, --help                Print this help

A fault is written as METHOD PATH EFFECT [xTIMES], as in --fault 'GET /exports/ 503 x2'. The path is below /api/v1,
and a * at its end stands for everything that starts so. The effects:
  503                       Respond with this status, and process nothing; so for every status
  html                      Respond 200 with a page of HTML, and process nothing
  drop                      Close the connection, and process nothing
  drop-response               Process, and close the connection without a response
  cut:BYTES                 Process, and close the connection after so many bytes of the body
  delay:MS                  Process, and respond so many milliseconds later

Control route, outside the API and without a key:
  POST /_sandbox/announce/  Raise an event for agents and webhooks:
                            {\"event\": \"result.submitted\", \"payload\": {\"task_uid\": \"t\", \"result_uid\": \"r\"}}
                            A payload that does not fit its event is refused with 400.

Official uploaders insist on https and on known storage hosts. With --tls they run unmodified:
  avala-sandbox --tls --port 8443 --proxy-port 8444 --ca-file ca.pem
  SSL_CERT_FILE=ca.pem HTTPS_PROXY=http://127.0.0.1:8444 AVALA_BASE_URL=https://api.avala.ai/api/v1 \\
    AVALA_API_KEY=avk_test avala datasets upload ...
For Node.js, use NODE_EXTRA_CA_CERTS=ca.pem and NODE_USE_ENV_PROXY=1 in place of SSL_CERT_FILE.
The proxy stands in for api.avala.ai, server.avala.ai, data.avala.ai, and the S3, GCS, Azure and R2 hosts of uploads;
it connects to none of them, and refuses other hosts. Not possible: clients that ignore HTTPS_PROXY (the public dataset
calls of the official Python SDK do) or that pin certificates, and HTTP/2.

Prints one line of JSON with `url` and `key` once it listens, with `proxy_url` and `ca_file` too with --tls, and a line
for each request to stderr. It ends on ctrl-c.
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Start(Box<Start>),
}

/// How to start.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) builder: SandboxBuilder,
    pub(crate) faults: Vec<Fault>,
    /// Where the certificate of the test CA is written to.
    #[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "there is no CA"))]
    pub(crate) ca_file: PathBuf,
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut builder = Sandbox::builder();
    let mut faults = Vec::new();
    #[cfg_attr(not(feature = "tls"), allow(unused_mut, reason = "there is no CA"))]
    let mut ca_file = PathBuf::from("avala-sandbox-ca.pem");
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
            Arg::Long("update-agents") => builder.update_existing_agents(true),
            Arg::Long("access-token") => builder.access_token(parser.value()?.string()?),
            Arg::Long("url-lifetime") => builder.url_lifetime(Duration::from_secs(parser.value()?.parse()?)),
            #[cfg(feature = "tls")]
            Arg::Long("tls") => builder.tls(true),
            #[cfg(feature = "tls")]
            Arg::Long("proxy-port") => builder.proxy_port(parser.value()?.parse()?),
            #[cfg(feature = "tls")]
            Arg::Long("ca-file") => {
                ca_file = parser.value()?.into();
                builder
            }
            Arg::Long("fault") => {
                faults.push(parser.value()?.parse()?);
                builder
            }
            other => return Err(other.unexpected()),
        };
    }
    Ok(Command::Start(Box::new(Start { builder, faults, ca_file })))
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
        let Command::Start(start) = parse_line(line).unwrap() else { panic!("starts") };
        assert!(start.faults.is_empty());
        let text = format!("{start:?}");
        for part in ["port: 8080", "seed: Empty", "requests: 100", "latency: 30ms", "bare_member_lists: true"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(parse_line("--port 1 --help").unwrap(), Command::Help));
    }

    #[test]
    fn faults_may_be_given_several_times() {
        let arguments =
            ["--fault", "GET /exports/ 503 x2", "--fault=POST /datasets/ drop-response"].map(OsString::from);
        let Command::Start(start) = parse(arguments).unwrap() else { panic!("starts") };
        assert_eq!(start.faults.len(), 2);
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
