//! What is sent to make and to move a dataset.

use std::fmt;

use serde::de::{Deserialize, Deserializer, EnumAccess, VariantAccess as _, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::dataset::DataType;
use crate::field::try_read_str;
use crate::id::{DatasetSlug, OrganizationUid, OwnerName};
use crate::json::Json;
use crate::model::payload;
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

/// Payload that transfers a dataset to an organization or a user, never both (`POST /datasets/{owner}/{slug}/transfer/`).
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

const TO_ORGANIZATION: &str = "organization_uid";
const TO_USER: &str = "owner_username";

crate::field::plain_field!(TransferDataset);

impl Serialize for TransferDataset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::ToOrganization(uid) => {
                serializer.serialize_newtype_variant("TransferDataset", 0, TO_ORGANIZATION, uid)
            }
            Self::ToUser(name) => serializer.serialize_newtype_variant("TransferDataset", 1, TO_USER, name),
        }
    }
}

impl<'de> Deserialize<'de> for TransferDataset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        enum Kind {
            Organization,
            User,
        }

        impl<'de> Deserialize<'de> for Kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                try_read_str(deserializer, "variant identifier", |name| match name {
                    TO_ORGANIZATION => Ok(Self::Organization),
                    TO_USER => Ok(Self::User),
                    _ => Err(format!("unknown variant `{name}`, expected `{TO_ORGANIZATION}` or `{TO_USER}`")),
                })
            }
        }

        struct Receiver;

        impl<'de> Visitor<'de> for Receiver {
            type Value = TransferDataset;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("enum TransferDataset")
            }

            fn visit_enum<A: EnumAccess<'de>>(self, receiver: A) -> Result<TransferDataset, A::Error> {
                match receiver.variant()? {
                    (Kind::Organization, uid) => uid.newtype_variant().map(TransferDataset::ToOrganization),
                    (Kind::User, name) => name.newtype_variant().map(TransferDataset::ToUser),
                }
            }
        }

        deserializer.deserialize_enum("TransferDataset", &[TO_ORGANIZATION, TO_USER], Receiver)
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
    }
}
