//! A payload, with values to try it with.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fixtures::object;

/// With only what its constructor takes.
pub(super) const LEAST: &str = "least";
/// With every setter called.
pub(super) const MOST: &str = "most";
/// With null wherever it can be sent.
pub(super) const CLEARED: &str = "cleared";

/// A payload, the call that it is the body of, and some values of it.
pub(super) struct Sample {
    pub(super) payload: &'static str,
    /// `None` for a part of another payload.
    pub(super) call: Option<&'static str>,
    pub(super) versions: Vec<Version>,
}

/// A value of a payload.
pub(super) struct Version {
    pub(super) name: &'static str,
    pub(super) json: String,
    pub(super) debug: String,
}

impl Sample {
    /// Returns the names of the fields that a version of it sends; of all versions when there is none of that name.
    pub(super) fn fields(&self, version: Option<&str>) -> BTreeSet<String> {
        let versions = self.versions.iter().filter(|known| version.is_none_or(|name| known.name == name));
        versions.flat_map(|version| object(&version.json).into_keys()).collect()
    }
}

/// Returns the body of a call. Each value is written, read and compared on the way.
pub(super) fn body<P>(call: &'static str, versions: impl IntoIterator<Item = (&'static str, P)>) -> Sample
where
    P: Serialize + DeserializeOwned + Debug + PartialEq,
{
    Sample { call: Some(call), ..part(versions) }
}

/// Returns a part of another payload.
pub(super) fn part<P>(versions: impl IntoIterator<Item = (&'static str, P)>) -> Sample
where
    P: Serialize + DeserializeOwned + Debug + PartialEq,
{
    let name = std::any::type_name::<P>();
    let payload = name.rsplit("::").next().unwrap_or(name);
    let version = |(name, value): (&'static str, P)| {
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<P>(&json).unwrap(), value, "{payload} {name} does not come back");
        Version { name, json, debug: format!("{value:?}") }
    };
    Sample { payload, call: None, versions: versions.into_iter().map(version).collect() }
}
