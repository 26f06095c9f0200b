//! Lists the files of the frames of a sequence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use avala_client::Avala;
use avala_types::{DatasetFrame, DatasetSequence, DatasetSlug, OwnerName, SequenceUid};
use serde_json::Value;
use tokio::sync::Mutex;

use super::export::extension;
use super::link::{Link, LinkFuture, LinkSource, Links};
use super::listing::{Listed, Listing};
use crate::error::{Error, ErrorKind};
use crate::storage::client::Storage;
use crate::transfers::Transfers;

/// A sequence, whose URLs are signed together.
#[derive(Debug)]
struct SequenceReader {
    avala: Avala,
    storage: Storage,
    owner: OwnerName,
    slug: DatasetSlug,
    sequence: SequenceUid,
    current: Mutex<Reading>,
}

#[derive(Debug, Default)]
struct Reading {
    number: u64,
    assets: Vec<Asset>,
}

/// A file of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asset {
    name: String,
    url: String,
}

/// One asset of a sequence.
#[derive(Debug)]
struct AssetLinks {
    reader: Arc<SequenceReader>,
    position: usize,
    /// Reading that returned the last link.
    used: AtomicU64,
}

impl LinkSource for AssetLinks {
    fn sign(&self) -> LinkFuture<'_> {
        Box::pin(async move {
            let mut current = self.reader.current.lock().await;
            // The sequence may have been read again for another asset.
            if current.number <= self.used.load(Relaxed) {
                let assets = self.reader.read().await?;
                *current = Reading { number: current.number + 1, assets };
            }
            self.used.store(current.number, Relaxed);
            let asset = current.assets.get(self.position).ok_or_else(|| {
                Error::new(ErrorKind::RemoteChanged, "the sequence has fewer files than before")
                    .help("download it again")
            })?;
            Link::new(&self.reader.storage, &asset.url)
        })
    }
}

impl SequenceReader {
    async fn read(&self) -> Result<Vec<Asset>, Error> {
        let call = self.avala.datasets().get_sequence(&self.owner, &self.slug, &self.sequence);
        assets(&call.await.map_err(Error::api)?)
    }
}

/// Lists the files of all frames of a sequence.
pub(crate) async fn list(
    transfers: &Transfers,
    owner: &OwnerName,
    slug: &DatasetSlug,
    sequence: &SequenceUid,
) -> Result<Listing, Error> {
    let reader = Arc::new(SequenceReader {
        avala: transfers.avala().clone(),
        storage: transfers.storage().clone(),
        owner: owner.clone(),
        slug: slug.clone(),
        sequence: sequence.clone(),
        current: Mutex::default(),
    });
    let assets = reader.read().await.map_err(|error| error.about(format!("sequence {sequence}")))?;
    let objects = assets.iter().enumerate().map(|(position, asset)| {
        let source = AssetLinks { reader: Arc::clone(&reader), position, used: AtomicU64::new(1) };
        let link = Link::new(transfers.storage(), &asset.url).ok();
        Listed {
            name: asset.name.clone(),
            size: None,
            sha256: None,
            version: sequence.to_string(),
            read_again: None,
            links: Links::new(source, link),
        }
    });
    let objects = objects.collect();
    *reader.current.lock().await = Reading { number: 1, assets };
    Ok(Listing::new(format!("sequence:{owner}/{slug}/{sequence}"), objects, 1))
}

/// Returns the files of all frames: the asset of a frame under its key, its images in a folder of the frame.
fn assets(sequence: &DatasetSequence) -> Result<Vec<Asset>, Error> {
    let mut assets = Vec::new();
    for frame in sequence.typed_frames() {
        let frame = frame.map_err(|error| Error::new(ErrorKind::Protocol, error.to_string()))?;
        assets.extend(frame_assets(&frame));
    }
    Ok(assets)
}

fn frame_assets(frame: &DatasetFrame) -> Vec<Asset> {
    let raw = frame.raw.as_ref().and_then(|raw| raw.to_value().ok()).unwrap_or_default();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|url| !url.is_empty()).map(str::to_owned);
    let mut assets = Vec::new();
    let folder = format!("{:06}", frame.frame_index);
    if let Some(url) = text(raw.get("asset_url")) {
        let name = frame.key.clone().unwrap_or_else(|| format!("{folder}/asset{}", extension(path_of(&url))));
        assets.push(Asset { name, url });
    }
    let flat = raw.get("image_urls").and_then(Value::as_array);
    let images: Vec<Option<String>> = match flat {
        Some(urls) if !urls.is_empty() => urls.iter().map(|url| text(Some(url))).collect(),
        _ => frame.images.iter().map(|image| image.image_url.clone().filter(|url| !url.is_empty())).collect(),
    };
    for (camera, url) in images.into_iter().enumerate() {
        let Some(url) = url else { continue };
        let name = format!("{folder}/camera-{camera}{}", extension(path_of(&url)));
        assets.push(Asset { name, url });
    }
    assets
}

/// Returns the path of a URL, without its signature.
fn path_of(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_named_assets() {
        let json = r#"{"uid": "s1", "frames": [
            {"key": "lidar/0.pcd", "asset_url": "https://h/0.pcd?s=1", "image_urls": ["https://h/a.jpg?s=1", null, ""]},
            {"images": [{"image_url": "https://h/b.png?s=1"}, {"image_url": "https://h/c"}]},
            {"asset_url": "https://h/x.bin?s=a.b"}
        ]}"#;
        let sequence: DatasetSequence = serde_json::from_str(json).unwrap();
        let names: Vec<_> = assets(&sequence).unwrap().into_iter().map(|asset| asset.name).collect();
        let expected =
            ["lidar/0.pcd", "000000/camera-0.jpg", "000001/camera-0.png", "000001/camera-1", "000002/asset.bin"];
        assert_eq!(names, expected);
    }
}
