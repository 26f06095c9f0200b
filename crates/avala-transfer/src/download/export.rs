//! Lists the file of an export.

use avala_client::Avala;
use avala_types::ExportUid;

use super::link::{Link, LinkFuture, LinkSource, Links};
use super::listing::{Listed, Listing};
use crate::error::{Error, ErrorKind};
use crate::storage::client::Storage;
use crate::transfers::Transfers;

/// Reads the export again for each link: every response has a newly signed URL.
#[derive(Debug)]
struct ExportLinks {
    avala: Avala,
    storage: Storage,
    uid: ExportUid,
}

impl LinkSource for ExportLinks {
    fn sign(&self) -> LinkFuture<'_> {
        Box::pin(async move {
            let url = download_url(&self.avala, &self.uid).await?;
            Link::new(&self.storage, &url)
        })
    }
}

/// Waits until the export is written and returns the URL of its file.
async fn download_url(avala: &Avala, uid: &ExportUid) -> Result<String, Error> {
    let export = avala.exports().wait(uid.clone()).await.map_err(|error| {
        if error.kind() == avala_client::ErrorKind::JobFailed {
            return Error::new(ErrorKind::Processing, "the export failed")
                .with_source(error)
                .help("create the export again");
        }
        Error::api(error)
    })?;
    export.download_url.filter(|url| !url.is_empty()).ok_or_else(|| {
        Error::new(ErrorKind::Protocol, "the export is complete, but the API returned no download URL")
            .help("read the export again later; if that does not help, report it")
    })
}

/// Lists the file of an export.
pub(crate) async fn list(transfers: &Transfers, uid: &ExportUid) -> Result<Listing, Error> {
    let avala = transfers.avala().clone();
    let about = |error: Error| error.about(format!("export {uid}"));
    let url = download_url(&avala, uid).await.map_err(about)?;
    let link = Link::new(transfers.storage(), &url).map_err(about)?;
    let name = format!("export-{}{}", uid, extension(link.url.uri().path()));
    let source = ExportLinks { avala, storage: transfers.storage().clone(), uid: uid.clone() };
    let links = Links::new(source, Some(link));
    let version = uid.to_string();
    let object = Listed { name, size: None, sha256: None, version, read_again: None, links };
    Ok(Listing::new(format!("export:{uid}"), vec![object], 1))
}

/// Returns the extension of a path with its dot, or nothing if the extension has unusual characters.
pub(crate) fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(dot) = name.rfind('.').filter(|dot| *dot > 0) else { return "" };
    // Two extensions, as in `.json.gz`.
    let start = match name.get(..dot).and_then(|stem| stem.rfind('.')) {
        Some(first) if first > 0 && matches!(name.get(dot..), Some(".gz" | ".zst")) => first,
        _ => dot,
    };
    let extension = name.get(start..).unwrap_or_default();
    let is_plain = |part: &str| (1..=10).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if extension.split('.').skip(1).all(is_plain) { extension } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_extensions_are_taken() {
        for (path, expected) in [
            ("/exports/1.json", ".json"),
            ("/exports/1.json.gz", ".json.gz"),
            ("/a.b/file", ""),
            ("/file.", ""),
            ("/.zip", ""),
            ("/file.%2e%2e", ""),
            ("/file.tar.zip", ".zip"),
            ("/file.verylongextension", ""),
            ("", ""),
        ] {
            assert_eq!(extension(path), expected, "{path}");
        }
    }
}
