//! `avala view`: shows a local MCAP file in the viewer, without an upload.
//!
//! A server on a loopback port serves only this file. The path has a secret token, so that no other user of the
//! machine can fetch it; `Host` has to be the server's own, so that a page whose name is rebound to 127.0.0.1 cannot;
//! and only pages of the viewer's origin can read the response.

mod range;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HOST,
    IF_RANGE, ORIGIN, RANGE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};

use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::key;
use crate::output::Format;
use crate::serve::file_body::FileBody;
use crate::serve::{self, Body};

use range::Range;

const VIEWER: &str = "https://avala.ai";
const MAGIC: &[u8] = b"\x89MCAP0\r\n";
const ALLOWED: &str = "GET, HEAD, OPTIONS";

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["view"],
    about: "Show an MCAP file in the viewer, from this machine",
    build: |command: Command| {
        let flag =
            |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        command
            .arg(Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help("MCAP file"))
            .arg(Arg::new("port").long("port").value_name("PORT").value_parser(value_parser!(u16)).help("Port [default: a free one]"))
            .arg(Arg::new("viewer-url").long("viewer-url").value_name("URL").help("The viewer [default: AVALA_VIEWER_URL or https://avala.ai]"))
            .arg(flag("no-browser", "Print the address and open no browser"))
            .arg(flag("force", "Serve the file even if it is not an MCAP file"))
            .after_help("Serves the file to this browser only, until Ctrl-C, and uploads nothing.\nExample:\n  avala view drive.mcap")
    },
    run: |context, matches| Box::pin(run(context, matches)),
}];

/// The served file and its path.
struct Served {
    path: PathBuf,
    /// Length, modification time and identity of the file when it was opened.
    version: Version,
    etag: HeaderValue,
    /// Path with the token.
    target: String,
    /// Accepted values of `Host`.
    hosts: [String; 2],
    viewer: HeaderValue,
}

#[derive(Clone, Copy, PartialEq)]
struct Version {
    size: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let Some(path) = matches.get_one::<PathBuf>("file") else { return Ok(()) };
    let version = open(path, matches.get_flag("force")).await?;
    let viewer = matches.get_one::<String>("viewer-url").cloned();
    let viewer = match viewer {
        Some(viewer) => viewer,
        None => key::environment("AVALA_VIEWER_URL")?.unwrap_or_else(|| VIEWER.to_owned()),
    };
    let origin = origin_of(&viewer)?;
    let (listener, address) = serve::listen(matches.get_one::<u16>("port").copied().unwrap_or_default()).await?;
    let token = token()?;
    let target = format!("/{token}/recording.mcap");
    let url = format!("http://127.0.0.1:{}{target}", address.port());
    let page = format!("{}/mcap?url={}", viewer.trim_end_matches('/'), percent(&url));
    let seconds =
        version.modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
    let etag = format!("\"{:x}-{:x}\"", version.size, seconds.as_nanos());
    let served = Served {
        path: path.clone(),
        version,
        etag: HeaderValue::try_from(etag).map_err(|error| Failure::other(error.to_string()))?,
        target,
        hosts: [format!("127.0.0.1:{}", address.port()), format!("localhost:{}", address.port())],
        viewer: origin,
    };
    if context.globals.format == Format::Table {
        context.printer.write(&format!("{page}\n"))?;
        context.printer.flush()?;
        context.notes.line(&format!("Serving {} until Ctrl-C.", path.display()));
    } else {
        context.printer.value(&Data::map([("viewer_url", page.as_str().into()), ("url", url.into())]), &[])?;
    }
    if !matches.get_flag("no-browser") && !open_browser(&page) {
        context.notes.line("No browser could be opened: open the address manually.");
    }
    let served = Arc::new(served);
    serve::serve(listener, move |request| {
        let served = Arc::clone(&served);
        async move { served.respond(&request).await }
    })
    .await;
    Ok(())
}

/// Checks that a path is a regular file in MCAP format.
async fn open(path: &Path, is_forced: bool) -> Outcome<Version> {
    let failed = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let mut file = File::open(path).await.map_err(failed)?;
    let version = version_of(&file).await.map_err(failed)?;
    let mut magic = [0; 8];
    let is_mcap = file.read_exact(&mut magic).await.is_ok() && magic == *MAGIC;
    if is_mcap || is_forced {
        return Ok(version);
    }
    Err(Failure::usage(format!("{} is not an MCAP file; --force serves it anyway", path.display())))
}

async fn version_of(file: &File) -> std::io::Result<Version> {
    let metadata = file.metadata().await?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Ok(Version { size: metadata.len(), modified: metadata.modified().ok(), inode })
}

/// Returns 128 random bits of the system as text.
fn token() -> Outcome<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::other(format!("the system has no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn origin_of(viewer: &str) -> Outcome<HeaderValue> {
    let wrong = || Failure::usage(format!("{viewer:?} is not the URL of a viewer: pass one like {VIEWER}"));
    let uri: Uri = viewer.parse().map_err(|_| wrong())?;
    let (Some(scheme @ ("https" | "http")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong());
    };
    if authority.as_str().contains('@') || uri.query().is_some() {
        return Err(wrong());
    }
    HeaderValue::try_from(format!("{scheme}://{authority}")).map_err(|_| wrong())
}

/// Encodes a text as a value of a query.
fn percent(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn open_browser(page: &str) -> bool {
    let (program, args): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let quiet = std::process::Stdio::null;
    let mut command = std::process::Command::new(program);
    command.args(args).arg(page).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_ok()
}

impl Served {
    async fn respond<B>(&self, request: &Request<B>) -> Response<Body> {
        match self.reply(request).await {
            Ok(response) => response,
            Err(status) => {
                let mut response = Response::new(serve::body(""));
                *response.status_mut() = status;
                if status == StatusCode::METHOD_NOT_ALLOWED {
                    response.headers_mut().insert(ALLOW, HeaderValue::from_static(ALLOWED));
                }
                response
            }
        }
    }

    async fn reply<B>(&self, request: &Request<B>) -> Result<Response<Body>, StatusCode> {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        let is_of_viewer = match request.headers().get(ORIGIN) {
            None => false,
            Some(origin) if *origin == self.viewer => true,
            Some(_) => return Err(StatusCode::FORBIDDEN),
        };
        if !is_same(request.uri().path(), &self.target) {
            return Err(StatusCode::NOT_FOUND);
        }
        let mut response = match *request.method() {
            Method::OPTIONS => Self::preflight(request.headers(), is_of_viewer),
            Method::GET | Method::HEAD => self.file(request.headers(), *request.method() == Method::HEAD).await?,
            _ => return Err(StatusCode::METHOD_NOT_ALLOWED),
        };
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("origin"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if is_of_viewer {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.viewer.clone());
            let exposed = HeaderValue::from_static("accept-ranges, content-length, content-range, etag");
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        Ok(response)
    }

    fn preflight(request: &HeaderMap, is_of_viewer: bool) -> Response<Body> {
        let mut response = Response::new(serve::body(""));
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static(ALLOWED));
        if is_of_viewer {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ALLOWED));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("range, if-range"));
            if request.contains_key("access-control-request-private-network") {
                headers.insert("access-control-allow-private-network", HeaderValue::from_static("true"));
            }
        }
        response
    }

    async fn file(&self, request: &HeaderMap, is_head: bool) -> Result<Response<Body>, StatusCode> {
        let mut file = File::open(&self.path).await.map_err(|_| StatusCode::GONE)?;
        // Bytes of a changed file must not be mixed with bytes that were served before.
        if version_of(&file).await.map_err(|_| StatusCode::GONE)? != self.version {
            return Err(StatusCode::GONE);
        }
        let size = self.version.size;
        let is_current = request.get(IF_RANGE).is_none_or(|etag| *etag == self.etag);
        let range = match request.get(RANGE).and_then(|range| range.to_str().ok()).filter(|_| is_current) {
            None => Range::Whole,
            Some(range) => Range::parse(range, size),
        };
        let (start, length) = match range {
            Range::Whole => (0, size),
            Range::Part { start, end } => (start, end - start + 1),
            Range::Unsatisfiable => {
                let mut response = Response::new(serve::body(""));
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
                    response.headers_mut().insert(CONTENT_RANGE, value);
                }
                return Ok(response);
            }
        };
        let body = if is_head {
            serve::body("")
        } else {
            file.seek(SeekFrom::Start(start)).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
            FileBody::new(file, length).boxed_unsync()
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        if let Range::Part { start, end } = range {
            if let Ok(value) = HeaderValue::try_from(format!("bytes {start}-{end}/{size}")) {
                headers.insert(CONTENT_RANGE, value);
            }
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
    }
}

/// Compares paths in constant time.
fn is_same(path: &str, target: &str) -> bool {
    path.len() == target.len() && path.bytes().zip(target.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}
