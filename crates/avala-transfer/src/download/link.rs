//! Signed URLs of objects, which are signed again when they expire.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::Error;
use crate::hash::Digest;
use crate::storage::client::Storage;
use crate::storage::clock::UrlLife;
use crate::storage::hosts::StorageUrl;

/// A link with less time left is signed again before a request.
pub(crate) const SHORTEST_LIFE: Duration = Duration::from_secs(5);

/// A signed URL. Never printed.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) url: StorageUrl,
    pub(crate) life: UrlLife,
    /// Whether the host may send ranges. It may still ignore them.
    pub(crate) ranges: bool,
    /// Value of `Accept-Encoding` with which the host sends the stored bytes.
    pub(crate) accept_encoding: &'static str,
}

impl Link {
    /// Checks a URL that the API has just returned.
    pub(crate) fn new(storage: &Storage, url: &str) -> Result<Self, Error> {
        let url = storage.url(url)?;
        let life = UrlLife::of(url.uri(), storage.clock(&url), Instant::now());
        // Google Cloud Storage decompresses stored gzip unless the client accepts it.
        let is_gcs = url.host().ends_with("storage.googleapis.com");
        Ok(Self { life, ranges: true, accept_encoding: if is_gcs { "gzip" } else { "identity" }, url })
    }

    pub(crate) fn has_expired(&self) -> bool {
        self.life.left(Instant::now()).is_zero()
    }

    pub(crate) fn has_time(&self) -> bool {
        self.life.left(Instant::now()) >= SHORTEST_LIFE
    }
}

pub(crate) type LinkFuture<'a> = Pin<Box<dyn Future<Output = Result<Link, Error>> + Send + 'a>>;

/// Calls the API for a link to one object.
pub(crate) trait LinkSource: Send + Sync + fmt::Debug {
    /// Signs a new link.
    fn sign(&self) -> LinkFuture<'_>;
}

/// Object to download.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// Path in the dataset or revision, or the name of the export.
    pub(crate) name: String,
    /// Size in bytes, if the API reports it.
    pub(crate) size: Option<u64>,
    /// Hash of the content, if the API reports it.
    pub(crate) sha256: Option<Digest>,
    pub(crate) links: Arc<Links>,
}

/// The current link of an object, signed again when it expires. Shared by the connections of the object.
#[derive(Debug)]
pub(crate) struct Links {
    source: Box<dyn LinkSource>,
    current: Mutex<Current>,
}

#[derive(Debug, Default)]
struct Current {
    link: Option<Link>,
    /// Number of links so far.
    number: u64,
}

/// A link, and the number under which its failure is reported.
#[derive(Clone, Debug)]
pub(crate) struct NumberedLink {
    pub(crate) link: Link,
    pub(crate) number: u64,
}

impl Links {
    /// Creates the links of an object, with the link of the listing if it has one.
    pub(crate) fn new(source: impl LinkSource + 'static, first: Option<Link>) -> Arc<Self> {
        let number = u64::from(first.is_some());
        Arc::new(Self { source: Box::new(source), current: Mutex::new(Current { link: first, number }) })
    }

    /// Returns a link with time left. `refused` is the number of a link that the host refused: it is not returned
    /// again.
    ///
    /// Several connections whose link was refused get the same new link.
    pub(crate) async fn get(&self, refused: Option<u64>) -> Result<NumberedLink, Error> {
        let mut current = self.current.lock().await;
        let number = current.number;
        if let Some(link) = current.link.as_ref().filter(|link| refused != Some(number) && link.has_time()) {
            return Ok(NumberedLink { link: link.clone(), number });
        }
        let link = self.source.sign().await?;
        current.number += 1;
        current.link = Some(link.clone());
        Ok(NumberedLink { link, number: current.number })
    }
}
