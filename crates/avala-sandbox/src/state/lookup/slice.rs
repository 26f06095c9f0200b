//! Lookups and changes of slices across tables.

use avala_types::{CreateSlice, DatasetUid, ItemUid, Json as FreeForm, OwnerName, SliceSlug};
use serde_json::json;

use crate::error::ApiError;
use crate::schema::{DatasetItem, Slice};
use crate::state::clock;
use crate::state::organization::OrganizationRow;
use crate::state::slice::{Part, SliceRow, pick};
use crate::state::slug::free_slug;
use crate::state::tables::Tables;

impl Tables {
    /// Returns the slice of this owner and slug, or 404.
    pub(crate) fn slice(&self, owner: &OwnerName, slug: &SliceSlug) -> Result<&SliceRow, ApiError> {
        self.slices.find(|row| row.slice.owner_name.as_ref() == Some(owner) && row.slice.slug.as_ref() == Some(slug))
    }

    pub(crate) fn item(&self, (dataset, item): &(DatasetUid, ItemUid)) -> Result<&DatasetItem, ApiError> {
        self.datasets.get(dataset)?.items.get(item)
    }

    pub(crate) fn add_slice(&mut self, payload: CreateSlice, caller: OwnerName) -> Result<&mut SliceRow, ApiError> {
        let organization = match payload.organization.map(|slug| self.organization(&slug.as_str().into())) {
            Some(Ok(row)) => Some(row),
            Some(Err(_)) => return Err(ApiError::field("organization", "This organization does not exist.")),
            None => None,
        };
        let mut items = self.items_of(&payload.sub_slices)?;
        if let Some(count) = payload.random_selection_count {
            items = pick(items, usize::try_from(count).unwrap_or(usize::MAX));
        }
        let owner = organization.map_or(caller, OrganizationRow::handle);
        let slug = free_slug(&payload.name, |slug| self.slice(&owner, &slug.into()).is_ok());

        let mut slice = Slice::new("", payload.name);
        slice.slug = Some(slug.into());
        slice.organization = organization.map(|row| &row.organization).map(|organization| {
            json!({ "uid": organization.uid, "name": organization.name, "slug": organization.slug }).into()
        });
        slice.owner_name = Some(owner);
        slice.visibility = Some(payload.visibility);
        slice.status = Some("created".to_owned());
        slice.item_count = Some(items.len() as u64);
        slice.source_data = Some(payload.sub_slices.clone());
        slice.sub_slices = Some(payload.sub_slices);
        let pictures = items.iter().take(4).filter_map(|at| self.item(at).ok()).filter_map(|item| item.url.clone());
        slice.featured_slice_item_urls = pictures.collect();
        slice.created_at = clock::now();
        slice.updated_at = slice.created_at;
        Ok(self.slices.add(|uid| {
            slice.uid = uid.into();
            SliceRow { slice, items }
        }))
    }

    /// Returns the items that the parts of a slice name.
    pub(crate) fn items_of(&self, parts: &FreeForm) -> Result<Vec<(DatasetUid, ItemUid)>, ApiError> {
        let mut items = Vec::new();
        let parts: Vec<Part> = parts
            .parse()
            .map_err(|_| ApiError::field("sub_slices", "Each part needs a dataset_uid, and may have item_uids."))?;
        for part in parts {
            let uid = part.dataset_uid;
            let dataset = self.datasets.get(&uid).map_err(|_| ApiError::no_such("sub_slices", &uid))?;
            let taken = match part.item_uids {
                Some(uids) => {
                    dataset.items.require("sub_slices", &uids)?;
                    uids
                }
                None => dataset.items.rows().map(|item| item.uid.clone()).collect(),
            };
            items.extend(taken.into_iter().map(|item| (uid.clone(), item)));
        }
        Ok(items)
    }
}
