//! Sources of downloads.

use avala_types::{DatasetSlug, ExportUid, ItemUid, OwnerName, SequenceUid};

use super::listing::Listing;
use super::{dataset, export, sequence};
use crate::error::Error;
use crate::public::{reference, revision};
use crate::transfers::Transfers;

/// Source of a download.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Export(ExportUid),
    Item(OwnerName, DatasetSlug, ItemUid),
    Dataset(OwnerName, DatasetSlug),
    Sequence(OwnerName, DatasetSlug, SequenceUid),
    Revision { reference: String, revision: Option<String>, is_offline: bool },
}

impl Source {
    /// Lists all objects, page by page.
    pub(crate) async fn list(&self, transfers: &Transfers) -> Result<Listing, Error> {
        match self {
            Self::Export(uid) => export::list(transfers, uid).await,
            Self::Item(owner, slug, item) => dataset::list(transfers, owner, slug, Some(item)).await,
            Self::Dataset(owner, slug) => dataset::list(transfers, owner, slug, None).await,
            Self::Sequence(owner, slug, sequence) => sequence::list(transfers, owner, slug, sequence).await,
            Self::Revision { reference, revision, is_offline } => {
                let reference = reference::parse(reference, revision.as_deref())?;
                let resolved = revision::resolve(transfers, &reference, !is_offline).await?;
                revision::list(transfers, resolved)
            }
        }
    }

    pub(crate) fn is_offline(&self) -> bool {
        matches!(self, Self::Revision { is_offline: true, .. })
    }
}
