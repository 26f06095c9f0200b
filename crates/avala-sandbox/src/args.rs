//! The command line. Its help is `help.txt`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use avala_sandbox::{Bodies, Fault, RateLimit, Sandbox, SandboxBuilder, Seed};
use lexopt::{Arg, ValueExt};

pub(crate) const HELP: &str = include_str!("help.txt");

/// Arguments of the command line.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Version,
    Start(Box<Start>),
}

/// How to start.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) builder: SandboxBuilder,
    pub(crate) faults: Vec<Fault>,
    /// Whether requests are not written to stderr.
    pub(crate) quiet: bool,
    /// Path to which the certificate of the test CA is written.
    #[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "without TLS there is no CA"))]
    pub(crate) ca_file: PathBuf,
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut builder = Sandbox::builder();
    let mut faults = Vec::new();
    let mut quiet = false;
    #[cfg_attr(not(feature = "tls"), allow(unused_mut, reason = "without TLS there is no CA"))]
    let mut ca_file = PathBuf::from("avala-sandbox-ca.pem");
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("port") => builder.port(parser.value()?.parse()?),
            Arg::Long("key") => builder.api_key(parser.value()?.string()?),
            Arg::Long("seed") => builder.seed(parser.value()?.parse_with(seed)?),
            Arg::Long("rate-limit") => builder.rate_limit(RateLimit::per_minute(parser.value()?.parse()?)),
            Arg::Long("latency-ms") => builder.latency(Duration::from_millis(parser.value()?.parse()?)),
            Arg::Long("bare-member-lists") => builder.bare_member_lists(true),
            Arg::Long("update-agents") => builder.update_existing_agents(true),
            Arg::Long("access-token") => builder.access_token(parser.value()?.string()?),
            Arg::Long("url-lifetime") => builder.url_lifetime(Duration::from_secs(parser.value()?.parse()?)),
            Arg::Long("quiet") => {
                quiet = true;
                builder
            }
            Arg::Long("no-limits") => builder.rate_limits(false),
            Arg::Long("documented-limits") => builder.documented_limits(true),
            Arg::Long("clock-offset") => builder.clock_offset(parser.value()?.parse()?),
            Arg::Long("storage-bodies") => builder.storage_bodies(parser.value()?.parse_with(bodies)?),
            Arg::Long("upload-version") => builder.upload_version(parser.value()?.parse()?),
            Arg::Long("part-size") => builder.part_size(parser.value()?.parse()?),
            Arg::Long("signed-parts") => builder.signed_parts_limit(parser.value()?.parse()?),
            Arg::Long("quota") => builder.storage_quota(parser.value()?.parse()?),
            Arg::Long("export-size") => builder.export_size(parser.value()?.parse()?),
            Arg::Long("item-size") => builder.item_size(parser.value()?.parse()?),
            Arg::Long("public-dataset") => {
                let (slug, objects) = parser.value()?.parse_with(public_dataset)?;
                builder.public_dataset(slug, objects)
            }
            Arg::Long("public-episodes") => {
                let (slug, episodes, files) = parser.value()?.parse_with(public_episodes)?;
                builder.public_episodes(slug, episodes, files)
            }
            Arg::Long("recordings") => builder.recordings(parser.value()?.parse()?),
            Arg::Long("execution-page") => builder.execution_page_limit(parser.value()?.parse()?),
            Arg::Long("start-executions") => builder.start_listed_executions(true),
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
    Ok(Command::Start(Box::new(Start { builder, faults, quiet, ca_file })))
}

fn seed(name: &str) -> Result<Seed, &'static str> {
    match name {
        "demo" => Ok(Seed::Demo),
        "empty" => Ok(Seed::Empty),
        _ => Err("a seed is demo or empty"),
    }
}

fn bodies(name: &str) -> Result<Bodies, &'static str> {
    match name {
        "keep" => Ok(Bodies::Keep),
        "hash" => Ok(Bodies::Hash),
        "count" => Ok(Bodies::Count),
        _ => Err("bodies are keep, hash or count"),
    }
}

/// Reads `SLUG:OBJECTS`.
fn public_dataset(text: &str) -> Result<(String, usize), &'static str> {
    let (slug, objects) = text.split_once(':').ok_or("write SLUG:OBJECTS")?;
    Ok((slug.to_owned(), objects.parse().map_err(|_| "write SLUG:OBJECTS, with a number of objects")?))
}

/// Reads `SLUG:EPISODES:FILES`.
fn public_episodes(text: &str) -> Result<(String, usize, usize), &'static str> {
    let (rest, files) = text.rsplit_once(':').ok_or("write SLUG:EPISODES:FILES")?;
    let (slug, episodes) = public_dataset(rest).map_err(|_| "write SLUG:EPISODES:FILES, with two numbers")?;
    Ok((slug, episodes, files.parse().map_err(|_| "write SLUG:EPISODES:FILES, with two numbers")?))
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
        assert!(matches!(parse_line("-V").unwrap(), Command::Version));
    }

    #[test]
    fn options_of_storage_and_data_are_read() {
        let line = "--no-limits --clock-offset -60 --storage-bodies hash --upload-version 1 --part-size 9000000 \
                    --signed-parts 1 --quota 5 --export-size 7 --item-size 8 --public-dataset a:3 --recordings 2 \
                    --execution-page 9 --start-executions";
        let Command::Start(start) = parse_line(line).unwrap() else { panic!("starts") };
        let text = format!("{start:?}");
        for part in ["limits: false", "bodies: Hash", "version: 1", "part_size: 9000000", "quota: 5", "(\"a\", 3)"] {
            assert!(text.contains(part), "{text}");
        }
        // Every option is in the help, and the other way round.
        for option in HELP.lines().filter_map(|line| line.strip_prefix("      --")?.split([' ', '\n']).next()) {
            let known = include_str!("args.rs").contains(&format!("Arg::Long(\"{option}\")"));
            assert!(known || option.starts_with("help"), "{option}");
        }
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
        for line in [
            "--port",
            "--port x",
            "--port 70000",
            "--seed large",
            "--rate-limit -1",
            "--what",
            "file",
            "--public-dataset a",
        ] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
