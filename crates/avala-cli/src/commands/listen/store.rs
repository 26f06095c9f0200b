//! Stores deliveries: the headers as JSON, and the unchanged body in a file beside it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use avala_webhook::DELIVERY_HEADER;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::commands::files::read_text;
use crate::commands::listen::forward::own_headers;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::json;

/// Maximum size in bytes of a body.
const LONGEST: u64 = 64 << 20;

/// Creates the folder, readable by its owner only.
pub(super) fn create(folder: &Path) -> Outcome {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Failure::usage(format!("cannot create {}: {error}", folder.display())))
}

/// Stores a delivery and returns the path of the file with its headers.
pub(super) fn write(folder: &Path, headers: &HeaderMap, body: &Bytes) -> Result<PathBuf, String> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);

    let id = headers.get(DELIVERY_HEADER).and_then(|id| id.to_str().ok()).unwrap_or("delivery");
    // The ID is not signed and must not name another folder.
    let id: String =
        id.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '-').take(64).collect();
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let name = format!("{now}-{:06}-{id}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let values: Vec<Data> = own_headers(headers)
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            Data::List(vec![Data::from(name.as_str()), Data::from(value)])
        })
        .collect();
    let body_name = format!("{name}.body");
    let head = Data::map([
        ("version", Data::from(1_u64)),
        ("headers", Data::List(values)),
        ("body", body_name.as_str().into()),
    ]);
    let path = folder.join(format!("{name}.json"));
    // The headers are written last: a delivery with headers is complete.
    create_new(&folder.join(body_name), body)?;
    create_new(&path, (json::pretty(&head, 0) + "\n").as_bytes())?;
    Ok(path)
}

fn create_new(path: &Path, content: &[u8]) -> Result<(), String> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(content));
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        format!("cannot write {}: {error}", path.display())
    })
}

/// A stored delivery.
pub(super) struct Stored {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Stored {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let wrong = |what: &str| Failure::usage(format!("{} is not a stored delivery: {what}", path.display()));
        let head = Data::parse(&read_text(path)?).map_err(|error| wrong(&error.to_string()))?;
        if head.get("version") != Some(&Data::Number("1".to_owned())) {
            return Err(wrong("its version is not 1"));
        }
        let mut headers = HeaderMap::new();
        if let Some(Data::List(values)) = head.get("headers") {
            for value in values {
                let Data::List(pair) = value else { return Err(wrong("its headers are not pairs")) };
                let text = |at: usize| pair.get(at).and_then(Data::as_text).unwrap_or_default();
                let name =
                    HeaderName::from_bytes(text(0).as_bytes()).map_err(|_| wrong("a header has no valid name"))?;
                let value =
                    HeaderValue::from_bytes(text(1).as_bytes()).map_err(|_| wrong("a header has no valid value"))?;
                headers.append(name, value);
            }
        }
        let name =
            head.text_at("body").filter(|name| !name.contains(['/', '\\'])).ok_or_else(|| wrong("it names no body"))?;
        let body = path.with_file_name(name);
        let mut bytes = Vec::new();
        fs::File::open(&body)
            .and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
            .map_err(|error| Failure::usage(format!("cannot read {}: {error}", body.display())))?;
        Ok(Self { headers, body: bytes.into() })
    }
}
