//! Records of the state of downloads, and the state that they describe.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::folder::Existing;
use super::ranges::RangeSet;
use super::response::Version;
use crate::hash::Digest;

/// Maximum number of ranges in a record, which has to stay one short line.
const MOST_RANGES: usize = 1000;

/// One line of the state of a target. Later lines of a file replace earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// Source of the target. A target with the state of another source starts from zero.
    ///
    /// The token is a part of the names of temporary files: another state folder with the same target has another
    /// token, so that their temporary files are not mixed up.
    Source { id: String, token: String },
    /// An incomplete file: the durable ranges of its temporary file.
    Part {
        path: String,
        etag: String,
        total: u64,
        ranges: Vec<[u64; 2]>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encoding: Option<String>,
    },
    /// An incomplete file whose temporary file was cleared.
    Dropped { path: String },
    /// A complete file.
    Done(Done),
}

/// A complete file, as it was when it was completed or compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) path: String,
    pub(crate) size: u64,
    /// Modification time in nanoseconds since 1970.
    pub(crate) modified_ns: i128,
    /// Hash of the content, if it was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<Digest>,
    /// Version in the API, such as a hash or the time of the last update.
    pub(crate) version: String,
}

impl Done {
    /// Returns whether the file is unchanged since then.
    pub(crate) fn is_untouched(&self, existing: Existing) -> bool {
        existing.size == self.size && existing.modified_ns == self.modified_ns
    }
}

/// Incomplete file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) version: Version,
    pub(crate) durable: RangeSet,
}

/// State of a target, read from its records.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) source: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) begun: HashMap<String, Begun>,
    pub(crate) done: HashMap<String, Done>,
    /// Number of records that a compaction would save.
    pub(crate) outdated: usize,
}

impl Known {
    /// Reads the records in their order.
    pub(crate) fn read(records: Vec<Record>) -> Self {
        let mut known = Self::default();
        for record in records {
            let replaced = match record {
                Record::Source { id, token } => {
                    known.token = Some(token);
                    known.source.replace(id).is_some()
                }
                Record::Part { path, etag, total, ranges, encoding } => {
                    let version = Version { etag: Some(etag), total, encoding };
                    // Invalid ranges were not written by this code: the file starts from zero.
                    let durable = RangeSet::from_pairs(&ranges, total).unwrap_or_default();
                    let was_done = known.done.remove(&path).is_some();
                    known.begun.insert(path, Begun { version, durable }).is_some() || was_done
                }
                Record::Dropped { path } => known.begun.remove(&path).is_some(),
                Record::Done(done) => {
                    let was_begun = known.begun.remove(&done.path).is_some();
                    known.done.insert(done.path.clone(), done).is_some() || was_begun
                }
            };
            known.outdated += usize::from(replaced);
        }
        known
    }

    /// Returns the records that give the same state, sorted by path.
    pub(crate) fn to_records(&self) -> Vec<Record> {
        let mut begun: Vec<_> = self.begun.iter().collect();
        begun.sort_by_key(|(path, _)| *path);
        let mut done: Vec<_> = self.done.values().collect();
        done.sort_by_key(|done| &done.path);
        let source = self.source.iter().zip(&self.token);
        let source = source.map(|(id, token)| Record::Source { id: id.clone(), token: token.clone() });
        let begun = begun.into_iter().filter_map(|(path, begun)| part(path, &begun.version, &begun.durable));
        source.chain(begun).chain(done.into_iter().cloned().map(Record::Done)).collect()
    }
}

/// Returns the record of an incomplete file; `None` if it cannot be resumed.
pub(crate) fn part(path: &str, version: &Version, durable: &RangeSet) -> Option<Record> {
    let mut ranges = durable.to_pairs();
    // The largest ranges are kept; the others are transferred again.
    if ranges.len() > MOST_RANGES {
        ranges.sort_by_key(|[start, end]| std::cmp::Reverse(end - start));
        ranges.truncate(MOST_RANGES);
        ranges.sort_unstable();
    }
    let etag = version.etag.clone()?;
    let encoding = version.encoding.clone();
    Some(Record::Part { path: path.to_owned(), etag, total: version.total, ranges, encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(path: &str, size: u64) -> Done {
        Done { path: path.to_owned(), size, modified_ns: 5, sha256: Some(Digest::of(b"x")), version: "v".to_owned() }
    }

    #[test]
    fn later_records_replace_earlier_ones() {
        let part = |path: &str, ranges: &[[u64; 2]]| Record::Part {
            path: path.to_owned(),
            etag: "\"e\"".to_owned(),
            total: 100,
            ranges: ranges.to_vec(),
            encoding: None,
        };
        let records = vec![
            Record::Source { id: "export:1".to_owned(), token: "t".to_owned() },
            part("a", &[[0, 10]]),
            part("b", &[[0, 10]]),
            part("a", &[[0, 50]]),
            Record::Done(done("b", 100)),
            part("c", &[[0, 10]]),
            Record::Dropped { path: "c".to_owned() },
            part("bad", &[[0, 101]]),
        ];
        let text = serde_json::to_string(&records).unwrap();
        let known = Known::read(serde_json::from_str(&text).unwrap());
        assert_eq!(known.source.as_deref(), Some("export:1"));
        assert_eq!(known.begun.get("a").unwrap().durable.to_pairs(), [[0, 50]]);
        assert_eq!(known.begun.get("bad").unwrap().durable.len(), 0);
        assert!(known.done.contains_key("b") && !known.begun.contains_key("b"));
        assert!(!known.begun.contains_key("c"));
        assert_eq!(known.outdated, 3);
        let again = Known::read(known.to_records());
        assert_eq!((again.outdated, again.begun, again.done), (0, known.begun, known.done));
    }

    #[test]
    fn touched_file_is_noticed() {
        let done = done("a", 10);
        assert!(done.is_untouched(Existing { size: 10, modified_ns: 5 }));
        assert!(!done.is_untouched(Existing { size: 11, modified_ns: 5 }));
        assert!(!done.is_untouched(Existing { size: 10, modified_ns: 6 }));
    }

    #[test]
    fn record_stays_short() {
        let mut set = RangeSet::default();
        for start in 0..5000 {
            set.insert(start * 10..start * 10 + 1);
        }
        set.insert(1 << 20..1 << 21);
        let version = Version { etag: Some("\"e\"".to_owned()), total: 1 << 22, encoding: Some("gzip".to_owned()) };
        let record = part("a", &version, &set).unwrap();
        assert!(serde_json::to_string(&record).unwrap().len() < 60_000);
        let known = Known::read(vec![record]);
        assert_eq!(known.begun.get("a").unwrap().durable.len(), 999 + (1 << 20));
        assert_eq!(part("a", &Version { etag: None, total: 1, encoding: None }, &set), None);
    }
}
