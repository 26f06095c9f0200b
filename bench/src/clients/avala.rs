//! The SDK: the default client with every layer on.

use std::time::Duration;

use avala_client::Avala;
use avala_client::transport::RateLimit;
use avala_client::types::{Cursor, Dataset, DatasetItem};

use crate::BoxError;
use crate::checksum::Checksum;
use crate::data::{DATASET, ENDLESS, OWNER, PAGES, SEQUENCE, SLOW};

/// Processing time of the consumer of the slow list, per page.
const CONSUMER: Duration = Duration::from_millis(20);

/// Creates a client with default settings, except for a rate limit so high that no call waits.
///
/// # Errors
/// Fails if the base URL is invalid.
pub fn client(port: u16) -> Result<Avala, BoxError> {
    let limit = RateLimit::per_minute(u32::MAX).burst(u32::MAX);
    let builder = Avala::builder().api_key("avk_bench").base_url(format!("http://127.0.0.1:{port}"));
    Ok(builder.allow_insecure_base_url(true).rate_limit(limit).build()?)
}

/// Gets the small dataset `calls` times in sequence.
///
/// # Errors
/// Fails if a call fails.
pub async fn small(avala: Avala, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        add_dataset(&avala.datasets().get(DATASET).await?, &mut checksum);
    }
    Ok(checksum)
}

/// Adds what every client reads of a dataset.
pub fn add_dataset(dataset: &Dataset, checksum: &mut Checksum) {
    checksum.text(dataset.uid.as_str());
    checksum.number(dataset.item_count);
}

fn add_item(item: &DatasetItem, checksum: &mut Checksum) {
    checksum.text(item.uid.as_str());
    checksum.number(u64::from(item.annotations.is_some()) + item.thumbnails.len() as u64);
}

/// Reads at least `pages` large pages, repeating the list as needed.
///
/// # Errors
/// Fails if a call fails.
pub async fn pages(avala: &Avala, pages: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let mut read = 0;
    while read < pages {
        let mut stream = avala.datasets().list_items(OWNER, PAGES).pages();
        while let Some(page) = stream.next().await {
            page?.items.iter().for_each(|item| add_item(item, &mut checksum));
            read += 1;
        }
    }
    Ok(checksum)
}

/// Gets the sequence `calls` times and reads its frame count and calibration.
///
/// # Errors
/// Fails if a call fails.
pub async fn sequence_raw(avala: &Avala, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        let sequence = avala.datasets().get_sequence(OWNER, PAGES, SEQUENCE).await?;
        checksum.text(sequence.uid.as_str());
        checksum.number(sequence.frame_count());
        for camera in sequence.calibration()?.cameras {
            checksum.number(camera.fx.unwrap_or_default().to_bits());
        }
    }
    Ok(checksum)
}

/// Gets the sequence `calls` times and decodes all its frames with it, in one pass.
///
/// # Errors
/// Fails if a call fails.
pub async fn sequence_typed(avala: &Avala, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        let sequence = avala.datasets().get_sequence(OWNER, PAGES, SEQUENCE).typed_frames().await?;
        for image in sequence.frames.iter().flat_map(|frame| &frame.images) {
            checksum.number(image.fx.unwrap_or_default().to_bits());
        }
    }
    Ok(checksum)
}

/// Reads `items` items of an endless list.
///
/// # Errors
/// Fails if a call fails.
pub async fn items(avala: &Avala, items: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let mut stream = avala.datasets().list_items(OWNER, ENDLESS).items();
    for _ in 0..items {
        let item = stream.next().await.ok_or("the endless list ended")??;
        add_item(&item, &mut checksum);
    }
    Ok(checksum)
}

/// Streams the pages of the slow list, with processing time for each page.
///
/// # Errors
/// Fails if a call fails.
pub async fn slow_pages(avala: &Avala) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let mut pages = avala.datasets().list_items(OWNER, SLOW).pages();
    while let Some(page) = pages.next().await {
        page?.items.iter().for_each(|item| add_item(item, &mut checksum));
        tokio::time::sleep(CONSUMER).await;
    }
    Ok(checksum)
}

/// Streams the items of the slow list, with the same processing time per page as [`slow_pages`].
///
/// # Errors
/// Fails if a call fails.
pub async fn slow_items(avala: &Avala) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let mut items = avala.datasets().list_items(OWNER, SLOW).items();
    let mut read = 0;
    while let Some(item) = items.next().await {
        add_item(&item?, &mut checksum);
        read += 1;
        if read % crate::data::PAGE_ITEMS == 0 {
            tokio::time::sleep(CONSUMER).await;
        }
    }
    Ok(checksum)
}

/// Reads the slow list with one call per page, with processing time in between.
///
/// # Errors
/// Fails if a call fails.
pub async fn slow_sequential(avala: &Avala) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let list = || avala.datasets().list_items(OWNER, SLOW);
    let mut next: Option<Cursor> = None;
    loop {
        let page = match next {
            Some(cursor) => list().cursor(cursor).await?,
            None => list().await?,
        };
        page.items.iter().for_each(|item| add_item(item, &mut checksum));
        tokio::time::sleep(CONSUMER).await;
        next = page.next_cursor;
        if next.is_none() {
            return Ok(checksum);
        }
    }
}
