//! The SDK: the default client with every layer on.

use std::time::Duration;

use avala_client::transport::RateLimit;
use avala_client::types::{Cursor, Dataset, DatasetItem};
use avala_client::{Avala, List};

use crate::BoxError;
use crate::checksum::Checksum;
use crate::data::{DATASET, ENDLESS, OWNER, PAGES, SEQUENCE, SLOW};

/// How long the consumer of the slow list works on each page.
const CONSUMER: Duration = Duration::from_millis(20);

/// A client of the server. Nothing is turned off; the rate limit is so high that no call waits for it.
///
/// # Errors
/// When the address is no good.
pub fn client(port: u16) -> Result<Avala, BoxError> {
    let limit = RateLimit::per_minute(u32::MAX).burst(u32::MAX);
    let builder = Avala::builder().api_key("avk_bench").base_url(format!("http://127.0.0.1:{port}"));
    Ok(builder.allow_insecure_base_url(true).rate_limit(limit).build()?)
}

/// Gets the small dataset so many times, one after the other.
///
/// # Errors
/// When a call fails.
pub async fn small(avala: Avala, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        add_dataset(&avala.datasets().get(DATASET).await?, &mut checksum);
    }
    Ok(checksum)
}

/// Adds what every side reads of a dataset.
pub fn add_dataset(dataset: &Dataset, checksum: &mut Checksum) {
    checksum.text(dataset.uid.as_str());
    checksum.number(dataset.item_count);
}

fn add_item(item: &DatasetItem, checksum: &mut Checksum) {
    checksum.text(item.uid.as_str());
    checksum.number(u64::from(item.annotations.is_some()) + item.thumbnails.len() as u64);
}

/// Reads all large pages, as often as it takes to read so many.
///
/// # Errors
/// When a call fails.
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

/// Gets the sequence so many times, and reads its frame count and its calibration.
///
/// # Errors
/// When a call fails.
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

/// Gets the sequence so many times, and reads all its frames.
///
/// # Errors
/// When a call fails.
pub async fn sequence_typed(avala: &Avala, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        let sequence = avala.datasets().get_sequence(OWNER, PAGES, SEQUENCE).await?;
        for frame in sequence.typed_frames() {
            for image in frame?.images {
                checksum.number(image.fx.unwrap_or_default().to_bits());
            }
        }
    }
    Ok(checksum)
}

/// Reads so many items of a list without an end.
///
/// # Errors
/// When a call fails.
pub async fn items(avala: &Avala, items: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let mut stream = avala.datasets().list_items(OWNER, ENDLESS).items();
    for _ in 0..items {
        let item = stream.next().await.ok_or("the endless list ended")??;
        add_item(&item, &mut checksum);
    }
    Ok(checksum)
}

/// Reads the slow list as a stream of pages, and works on each page.
///
/// # Errors
/// When a call fails.
pub async fn slow_pages(avala: &Avala) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let mut pages = avala.datasets().list_items(OWNER, SLOW).pages();
    while let Some(page) = pages.next().await {
        page?.items.iter().for_each(|item| add_item(item, &mut checksum));
        tokio::time::sleep(CONSUMER).await;
    }
    Ok(checksum)
}

/// Reads the slow list as a stream of items, and works as long on the items of a page as [`slow_pages`] on the page.
///
/// # Errors
/// When a call fails.
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

/// Reads the slow list one call after the other, and works on each page in between.
///
/// # Errors
/// When a call fails.
pub async fn slow_sequential(avala: &Avala) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let list = || -> List<DatasetItem> { avala.datasets().list_items(OWNER, SLOW) };
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
