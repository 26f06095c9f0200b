//! Hand-written workloads over any client that fetches bytes.

use serde::de::DeserializeOwned;
use serde_json::from_slice;
use tokio::task::JoinSet;

use crate::BoxError;
use crate::checksum::Checksum;
use crate::data::{DATASET, OWNER, PAGES, SEQUENCE};
use crate::fetch::{Fetch, PREFIX};
use crate::models::{Dataset, Frame, Page, Sequence};

/// Gets the small dataset `calls` times in sequence.
///
/// # Errors
/// Fails if a call fails.
pub async fn small(mut client: impl Fetch, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    for _ in 0..calls {
        small_call(&mut client, &mut checksum).await?;
    }
    Ok(checksum)
}

/// Gets the small dataset.
///
/// # Errors
/// Fails if the call fails.
pub async fn small_call(client: &mut impl Fetch, checksum: &mut Checksum) -> Result<(), BoxError> {
    let path = format!("{PREFIX}/datasets/{DATASET}/");
    let dataset: Dataset = from_slice(&client.fetch(&path).await?)?;
    dataset.add_to(checksum);
    Ok(())
}

/// Reads at least `pages` large pages, repeating the list as needed. `F` is the type of free-form fields.
///
/// # Errors
/// Fails if a call fails.
pub async fn pages<F: DeserializeOwned>(mut client: impl Fetch, pages: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let mut read = 0;
    while read < pages {
        let mut path = Some(format!("{PREFIX}/datasets/{OWNER}/{PAGES}/items/"));
        while let Some(here) = path {
            let page: Page<F> = from_slice(&client.fetch(&here).await?)?;
            page.results.iter().for_each(|item| item.add_to(&mut checksum));
            path = page.next.and_then(|next| Some(next[next.find(PREFIX)?..].to_owned()));
            read += 1;
        }
    }
    Ok(checksum)
}

/// Gets the sequence `calls` times and reads its frame count and the cameras of its first frame.
///
/// # Errors
/// Fails if a call fails.
pub async fn sequence_raw(mut client: impl Fetch, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let path = sequence_path();
    for _ in 0..calls {
        let sequence: Sequence = from_slice(&client.fetch(&path).await?)?;
        sequence.add_calibration_to(&mut checksum)?;
    }
    Ok(checksum)
}

/// Gets the sequence `calls` times and decodes all its frames with it, in one pass.
///
/// # Errors
/// Fails if a call fails.
pub async fn sequence_typed(mut client: impl Fetch, calls: u64) -> Result<Checksum, BoxError> {
    let mut checksum = Checksum::default();
    let path = sequence_path();
    for _ in 0..calls {
        let sequence: Sequence<Vec<Frame>> = from_slice(&client.fetch(&path).await?)?;
        sequence.add_frames_to(&mut checksum);
    }
    Ok(checksum)
}

fn sequence_path() -> String {
    format!("{PREFIX}/datasets/{OWNER}/{PAGES}/sequences/{SEQUENCE}/")
}

/// Runs workers concurrently and merges their checksums.
///
/// # Errors
/// Fails if a worker fails.
pub async fn together<W>(workers: impl IntoIterator<Item = W>) -> Result<Checksum, BoxError>
where
    W: Future<Output = Result<Checksum, BoxError>> + Send + 'static,
{
    let mut workers: JoinSet<_> = workers.into_iter().collect();
    let mut checksum = Checksum::default();
    while let Some(worker) = workers.join_next().await {
        checksum.merge(worker??);
    }
    Ok(checksum)
}
