//! Payloads that create and transfer a dataset.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::dataset::DataType;
use crate::extra::Extra;
use crate::id::{DatasetSlug, OrganizationUid, OwnerName};
use crate::json::Json;
use crate::model::{json_object, payload};
use crate::secret::SecretJson;
use crate::visibility::Visibility;

payload! {
    /// Payload that creates a dataset (`POST /datasets/`).
    ///
    /// ```
    /// use avala_types::{CreateDataset, DataType, Visibility};
    ///
    /// let dataset = CreateDataset::new("Night drives", "night-drives", DataType::Lidar)
    ///     .visibility(Visibility::Private)
    ///     .is_sequence(true);
    /// assert_eq!(
    ///     serde_json::to_string(&dataset)?,
    ///     r#"{"name":"Night drives","slug":"night-drives","data_type":"lidar","visibility":"private","is_sequence":true}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Eq, Hash)]
    pub struct CreateDataset {
        required {
            /// Display name.
            name: String,
            /// URL slug, unique per owner.
            slug: DatasetSlug,
            /// Data type.
            data_type: DataType,
        }
        optional {
            /// Visibility.
            visibility: Visibility,
            /// Whether the server reads the metadata of the files.
            create_metadata: bool,
            /// Location and access of the files, a free-form object that depends on the storage provider.
            provider_config: SecretJson,
            /// Owner.
            owner_name: OwnerName,
            /// Owning organization.
            organization_uid: OrganizationUid,
            /// GPU texture format of the images.
            gpu_texture_format: String,
            /// Metadata, a free-form object.
            metadata: Json,
            /// Whether items are sequences of frames.
            is_sequence: bool,
        }
        numbers {
            /// Owning organization by database ID; `organization_uid` is newer.
            organization_id: u64,
            /// Industry number.
            industry: u64,
            /// License number.
            license: u64,
        }
    }
}

/// Payload that transfers a dataset to an organization or a user, never both (`POST
/// /datasets/{owner}/{slug}/transfer/`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransferDataset {
    /// Transfers to an organization.
    ToOrganization(OrganizationUid),
    /// Transfers to a user, by name.
    ToUser(OwnerName),
}

impl TransferDataset {
    /// Transfers to an organization.
    #[must_use]
    pub fn to_organization(uid: impl Into<OrganizationUid>) -> Self {
        Self::ToOrganization(uid.into())
    }

    /// Transfers to a user, by name.
    #[must_use]
    pub fn to_user(name: impl Into<OwnerName>) -> Self {
        Self::ToUser(name.into())
    }
}

/// The fields of a [`TransferDataset`], of which exactly one is set.
#[derive(Default)]
struct TransferFields {
    organization_uid: Option<OrganizationUid>,
    owner_username: Option<OwnerName>,
    extra: Extra,
}

json_object!(TransferFields (Strict, keep) {
    required {}
    optional { organization_uid = "organization_uid", owner_username = "owner_username", }
});

crate::field::plain_field!(TransferDataset);

impl Serialize for TransferDataset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = match self.clone() {
            Self::ToOrganization(uid) => TransferFields { organization_uid: Some(uid), ..TransferFields::default() },
            Self::ToUser(name) => TransferFields { owner_username: Some(name), ..TransferFields::default() },
        };
        fields.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TransferDataset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = TransferFields::deserialize(deserializer)?;
        if let Some((unknown, _)) = fields.extra.iter().next() {
            return Err(D::Error::custom(format!("unknown field `{unknown}`")));
        }
        match (fields.organization_uid, fields.owner_username) {
            (Some(uid), None) => Ok(Self::ToOrganization(uid)),
            (None, Some(name)) => Ok(Self::ToUser(name)),
            _ => Err(D::Error::custom("expected either `organization_uid` or `owner_username`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_names_exactly_one_receiver() {
        let json = |transfer: &TransferDataset| serde_json::to_string(transfer).unwrap();
        assert_eq!(json(&TransferDataset::to_organization("o1")), r#"{"organization_uid":"o1"}"#);
        assert_eq!(json(&TransferDataset::to_user("ada")), r#"{"owner_username":"ada"}"#);
        assert!(serde_json::from_str::<TransferDataset>(r#"{"organization_uid":"o1","owner_username":"a"}"#).is_err());
        assert!(serde_json::from_str::<TransferDataset>("{}").is_err());
        let error = serde_json::from_str::<TransferDataset>(r#"{"owner_username":"ada","team":"t1"}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `team`"), "{error}");
        for transfer in [TransferDataset::to_organization("o1"), TransferDataset::to_user("ada")] {
            assert_eq!(serde_json::from_str::<TransferDataset>(&json(&transfer)).unwrap(), transfer);
        }
    }
}
