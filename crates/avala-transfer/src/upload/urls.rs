//! Requests presigned URLs in groups.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::pin::Pin;

use tokio::sync::Mutex;

use crate::error::{Error, ErrorKind};
use crate::upload::put::Presigned;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Requests the URLs of these numbers, and returns each with its number.
pub(crate) type Fetch = Box<dyn Fn(Vec<u64>) -> BoxFuture<Result<Vec<(u64, Presigned)>, Error>> + Send + Sync>;

/// The URLs of numbered parts or files that have to be sent.
///
/// A number is requested together with the following numbers, which are needed next. If the URLs expire too
/// early, the group is reduced to the number that was used in time; if the API rejects groups, to one.
pub(crate) struct UrlPool {
    /// In ascending order.
    missing: Vec<u64>,
    fetch: Fetch,
    /// Locked during a call: other callers find their URLs here afterwards.
    signed: Mutex<Signed>,
}

struct Signed {
    urls: HashMap<u64, Presigned>,
    at_once: usize,
    max: usize,
    /// Number of URLs that were taken since the last call.
    used: usize,
    /// Numbers whose URLs were taken before.
    issued: HashSet<u64>,
}

impl Signed {
    /// Returns the numbers to request with `number`: the first numbers that never had a URL, in ascending order.
    fn next(&self, missing: &[u64], number: u64) -> Vec<u64> {
        let is_next = |next: &u64| *next != number && !self.issued.contains(next) && !self.urls.contains_key(next);
        let others = missing.iter().copied().filter(is_next).take(self.at_once.saturating_sub(1));
        let mut numbers: Vec<u64> = others.chain([number]).collect();
        numbers.sort_unstable();
        numbers
    }
}

impl UrlPool {
    pub(crate) fn new(missing: Vec<u64>, max: usize, fetch: Fetch) -> Self {
        Self {
            missing,
            fetch,
            signed: Mutex::new(Signed { urls: HashMap::new(), at_once: max, max, used: 0, issued: HashSet::new() }),
        }
    }

    /// Returns a URL with enough time left. Each URL is returned once.
    pub(crate) async fn url(&self, number: u64) -> Result<Presigned, Error> {
        let mut signed = self.signed.lock().await;
        match signed.urls.remove(&number) {
            Some(presigned) if presigned.is_alive() => {
                signed.used += 1;
                signed.issued.insert(number);
                return Ok(presigned);
            }
            Some(_) => {
                signed.at_once = signed.used.clamp(1, signed.max);
                signed.urls.retain(|_, presigned| presigned.is_alive());
            }
            None => signed.at_once = (signed.at_once * 2).min(signed.max),
        }
        let numbers = signed.next(&self.missing, number);
        let is_refusal = |error: &Error| matches!(error.status().map(|status| status.as_u16()), Some(400 | 422));
        let new = match (self.fetch)(numbers.clone()).await {
            Err(error) if numbers.len() > 1 && is_refusal(&error) => {
                signed.max = 1;
                (self.fetch)(vec![number]).await?
            }
            other => other?,
        };
        signed.urls.extend(new);
        signed.used = 1;
        signed.issued.insert(number);
        signed.urls.remove(&number).ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "the API did not return a requested URL").help("report it to Avala")
        })
    }
}

impl fmt::Debug for UrlPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlPool").field("missing", &self.missing.len()).finish_non_exhaustive()
    }
}
