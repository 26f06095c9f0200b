//! Lists the files of the items of a dataset.
//!
//! The list of items has a signed URL for each item, so files need no call of their own. The URLs of the last pages are
//! kept; an older or expired page is read again for all of its items, which limits memory and calls for large datasets.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use avala_client::Avala;
use avala_types::{Cursor, DatasetItem, DatasetSlug, ItemUid, OwnerName};
use tokio::sync::Mutex;

use super::link::{Link, LinkFuture, LinkSource, Links};
use super::listing::{Listed, Listing};
use crate::error::{Error, ErrorKind};
use crate::storage::client::Storage;
use crate::transfers::Transfers;

/// Items per page of the list.
const PAGE: u32 = 100;
/// Pages whose URLs are kept.
const KEPT_PAGES: usize = 16;

/// Dataset whose pages are read again for new URLs.
#[derive(Debug)]
struct Reader {
    avala: Avala,
    storage: Storage,
    owner: OwnerName,
    slug: DatasetSlug,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    /// Cursor of each page.
    cursors: Vec<Option<Cursor>>,
    kept: VecDeque<Page>,
    /// Number of pages read so far.
    reads: u64,
}

#[derive(Debug)]
struct Page {
    index: usize,
    /// Number of this reading; every reading signs new URLs.
    reading: u64,
    urls: HashMap<ItemUid, Box<str>>,
}

impl Pages {
    fn keep(&mut self, index: usize, items: &[DatasetItem]) -> u64 {
        self.reads += 1;
        self.kept.retain(|page| page.index != index);
        if self.kept.len() >= KEPT_PAGES {
            self.kept.pop_front();
        }
        let urls = items.iter().filter_map(|item| Some((item.uid.clone(), item_url(item)?.into()))).collect();
        self.kept.push_back(Page { index, reading: self.reads, urls });
        self.reads
    }

    /// Returns the URL of an item if it was read after the reading `used`.
    fn url(&self, index: usize, item: &ItemUid, used: u64) -> Option<(u64, &str)> {
        let page = self.kept.iter().find(|page| page.index == index && page.reading > used)?;
        Some((page.reading, page.urls.get(item)?))
    }
}

/// An item on a page of the list, or a single item.
#[derive(Debug)]
struct ItemLinks {
    reader: Arc<Reader>,
    item: ItemUid,
    page: Option<usize>,
    /// Reading that returned the last link.
    used: AtomicU64,
}

impl LinkSource for ItemLinks {
    fn sign(&self) -> LinkFuture<'_> {
        Box::pin(async move {
            match self.page {
                Some(page) => self.sign_on_page(page).await,
                None => self.reader.read_item(&self.item).await,
            }
        })
    }
}

impl ItemLinks {
    async fn sign_on_page(&self, index: usize) -> Result<Link, Error> {
        let reader = &self.reader;
        let mut pages = reader.pages.lock().await;
        if let Some((reading, url)) = pages.url(index, &self.item, self.used.load(Relaxed)) {
            let link = Link::new(&reader.storage, url)?;
            if link.has_time() {
                self.used.store(reading, Relaxed);
                return Ok(link);
            }
        }
        let mut list = reader.avala.datasets().list_items(&reader.owner, &reader.slug).limit(PAGE);
        if let Some(cursor) = pages.cursors.get(index).cloned().flatten() {
            list = list.cursor(cursor);
        }
        let page = list.await.map_err(Error::api)?;
        let reading = pages.keep(index, &page.items);
        self.used.store(reading, Relaxed);
        match pages.url(index, &self.item, 0) {
            Some((_, url)) => Link::new(&reader.storage, url),
            // Items were added or removed meanwhile, which moved the item to another page.
            None => reader.read_item(&self.item).await,
        }
    }
}

impl Reader {
    async fn read_item(&self, item: &ItemUid) -> Result<Link, Error> {
        let item = self.avala.datasets().get_item(&self.owner, &self.slug, item).await.map_err(Error::api)?;
        let url = item_url(&item).ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "the API returned no URL for the file")
                .help("check whether the dataset is ready")
        })?;
        Link::new(&self.storage, url)
    }
}

fn item_url(item: &DatasetItem) -> Option<&str> {
    let url = item.url.as_deref().or(item.data_url.as_deref());
    url.filter(|url| !url.is_empty())
}

/// Lists the files of all items of a dataset, or of one item.
pub(crate) async fn list(
    transfers: &Transfers,
    owner: &OwnerName,
    slug: &DatasetSlug,
    only: Option<&ItemUid>,
) -> Result<Listing, Error> {
    let reader = Arc::new(Reader {
        avala: transfers.avala().clone(),
        storage: transfers.storage().clone(),
        owner: owner.clone(),
        slug: slug.clone(),
        pages: Mutex::default(),
    });
    let about = |error: avala_client::Error| Error::api(error).about(format!("{owner}/{slug}"));
    if let Some(uid) = only {
        let item = reader.avala.datasets().get_item(owner, slug, uid).await.map_err(about)?;
        // A URL of an unknown host is reported when the item is read again.
        let link = item_url(&item).and_then(|url| Link::new(&reader.storage, url).ok());
        let object = listed(&reader, &item, None, link);
        return Ok(Listing::new(format!("item:{owner}/{slug}/{uid}"), vec![object], 1));
    }
    let mut stream = reader.avala.datasets().list_items(owner, slug).limit(PAGE).pages();
    let mut objects = Vec::new();
    let mut pages = reader.pages.lock().await;
    loop {
        let cursor = stream.cursor().cloned();
        let Some(page) = stream.next().await else { break };
        let page = page.map_err(about)?;
        let index = pages.cursors.len();
        pages.cursors.push(cursor);
        objects.extend(page.items.iter().map(|item| listed(&reader, item, Some(index), None)));
        // Keep the first pages, whose items are downloaded first.
        if index < KEPT_PAGES {
            pages.keep(index, &page.items);
        }
    }
    let calls = pages.cursors.len() as u64;
    drop(pages);
    Ok(Listing::new(format!("dataset:{owner}/{slug}"), objects, calls))
}

fn listed(reader: &Arc<Reader>, item: &DatasetItem, page: Option<usize>, link: Option<Link>) -> Listed {
    let source = ItemLinks { reader: Arc::clone(reader), item: item.uid.clone(), page, used: AtomicU64::new(0) };
    let updated = item.updated_at.or(item.created_at).map(|time| time.to_string()).unwrap_or_default();
    Listed {
        name: item.key.clone().unwrap_or_else(|| item.uid.to_string()),
        size: None,
        sha256: None,
        version: format!("{} {updated}", item.uid),
        read_again: page.filter(|page| *page >= KEPT_PAGES),
        links: Links::new(source, link),
    }
}
