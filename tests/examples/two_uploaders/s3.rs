//! Uploads into a real S3 server, and downloads from it, with URLs that boto3 signed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use avala_client::transport::RateLimiter;
use avala_client::{Avala, Method};
use avala_transfer::{DatasetUpload, Digest, Error, ErrorKind, Transfers};
use serde_json::Value;

use crate::Failure;

const MIB: usize = 1 << 20;

/// The script that runs the S3 server and signs URLs. It ends with its standard input.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(python: &str, script: &str) -> Result<Self, Failure> {
        let mut command = Command::new(python);
        command.args(["-B", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = Self { process: command.spawn()?, url: String::new() };
        let output = server.process.stdout.take().ok_or("the script has no output")?;
        BufReader::new(output).read_line(&mut server.url)?;
        server.url.truncate(server.url.trim_end().len());
        if server.url.is_empty() { Err("the S3 server did not start".into()) } else { Ok(server) }
    }

    fn avala(&self) -> Result<Avala, Failure> {
        let builder = Avala::builder().api_key("avk_test").base_url(self.url.as_str()).allow_insecure_base_url(true);
        Ok(builder.rate_limiter(RateLimiter::off()).build()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // If this fails, files remain in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn run(python: &str, script: &str) -> Result<(), Failure> {
    let server = Server::start(python, script)?;
    let folder = Folder(std::env::temp_dir().join(format!("avala-two-uploaders-{}", std::process::id())));
    let source = folder.0.join("source");
    let files: BTreeMap<String, Vec<u8>> = [
        ("small.jpg", 1_000),
        ("empty.jpg", 0),
        ("two words/日本語 + 100%.jpg", 300_000),
        ("one part.jpg", 5 * MIB),
        ("parts.jpg", 16 * MIB + 7),
    ]
    .into_iter()
    .map(|(name, size)| (name.to_owned(), content(size)))
    .collect();
    write(&source, &files)?;

    let transfers = |state: &str| -> Result<Transfers, Failure> {
        Ok(Transfers::builder(server.avala()?).state_folder(folder.0.join(state)).build()?)
    };
    let upload = |name: &str| DatasetUpload::new(name, name).source(&source);
    let report = transfers("state")?.upload_dataset(upload("two")).await?;
    expect(report.dataset.map(|dataset| dataset.item_count), Some(files.len() as u64), "items of the dataset")?;
    stored(&server, "two", &files).await?;

    let report = transfers("state")?.upload_dataset(upload("two")).await?;
    expect(report.files.totals.bytes_transferred, 0, "bytes that a second run sent")?;

    // Conditional writes: objects of another state folder are not accepted.
    let again = upload("two").only(["small.jpg"]).without_creation();
    let error = failed(transfers("other")?.upload_dataset(again).await)?;
    expect(error.kind(), ErrorKind::ContentUnknown, "kind of the error for objects of another sender")?;

    // Forms of version 1.
    transfers("state")?.upload_dataset(upload("one").protocol_version_1()).await?;
    stored(&server, "one", &files).await?;

    // A large object in ranges, and a missing object.
    let export = content(40 * MIB + 3);
    write(&source, &[("e1.jpg".to_owned(), export.clone())].into())?;
    let only = DatasetUpload::new("exports", "exports").source(&source).only(["e1.jpg"]);
    transfers("state")?.upload_dataset(only.without_creation()).await?;
    let target = folder.0.join("export.bin");
    let download = |uid: &str| -> Result<_, Failure> {
        Ok(transfers("state")?.download_export(uid).to_file(&target).test_archive(false))
    };
    download("e1.jpg")?.await?;
    expect(std::fs::read(&target)? == export, true, "whether the export is right")?;
    let error = failed(download("e2")?.await)?;
    expect(error.status().map(|status| status.as_u16()), Some(404), "status of an object that is not there")?;
    println!("ok uploads into and downloads from a real S3 server");
    Ok(())
}

/// Returns bytes that differ at every place.
fn content(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    fastrand::Rng::with_seed(size as u64).fill(&mut bytes);
    bytes
}

fn write(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

/// Compares the objects of a dataset with the files.
async fn stored(server: &Server, dataset: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let objects: BTreeMap<String, Value> = server.avala()?.request(Method::GET, "/objects/").decode_as().await?;
    for (name, bytes) in files {
        let found = objects.get(&format!("__u__=/u1/{dataset}/{name}")).and_then(Value::as_str);
        let expected = Digest::of(bytes).to_string();
        expect(found, Some(expected.as_str()), &format!("SHA-256 of {name} in {dataset}"))?;
    }
    Ok(())
}

fn failed<T>(result: Result<T, Error>) -> Result<Error, Failure> {
    result.err().ok_or_else(|| "it succeeded, and should not".into())
}

fn expect<T: PartialEq + std::fmt::Debug>(found: T, expected: T, what: &str) -> Result<(), Failure> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, and {expected:?} was expected").into()) }
}
