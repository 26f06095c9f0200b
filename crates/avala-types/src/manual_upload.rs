//! Manual uploads: your own files that become a dataset in Avala's storage.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::dataset::DataType;
use crate::field::{Field, Mode, Report, read_text};
use crate::id::{DatasetSlug, DatasetUploadUid, OrganizationUid, OwnerName, UploadUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::plain_struct::read_struct;
use crate::visibility::Visibility;

model! {
    /// Storage quota of the user or an organization.
    #[derive(Eq, Hash)]
    pub struct UploadQuota {
        required {
            /// Used bytes, including running uploads.
            used: u64,
            /// Quota in bytes.
            limit: u64,
        }
        optional {}
    }
}

impl UploadQuota {
    /// Returns the remaining bytes; zero if more is used than allowed, such as after a lowered limit.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

model! {
    /// Media types known to the server; other files are stored as plain bytes.
    #[derive(Eq, Hash)]
    pub struct AllowedMimes {
        required {}
        optional {
            /// Media types.
            mime_types: Vec<String>,
            /// Prefix of video media types.
            video_prefix: String,
        }
    }
}

/// Upload target of a file: the response to [`CreateManualUploadUrl`].
///
/// The server chooses the protocol. It responds with a session only if version 2 was requested.
///
/// ```
/// use avala_types::ManualUploadTarget;
///
/// let body = r#"{"upload_uid": "u1", "method": "PUT", "url": "https://storage.googleapis.com/u1"}"#;
/// match serde_json::from_str(body)? {
///     ManualUploadTarget::Form(form) => println!("a form with {} fields to {}", form.fields.len(), form.url),
///     ManualUploadTarget::Session(session) => println!("upload {}", session.upload_uid),
///     _ => println!("something new"),
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ManualUploadTarget {
    /// One form POST: protocol version 1.
    Form(FormUpload),
    /// One or several resumable PUTs: protocol version 2.
    Session(ManualUploadSession),
}

impl Serialize for ManualUploadTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Form(form) => form.serialize(serializer),
            Self::Session(session) => session.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ManualUploadTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer, Mode::Exact)
    }
}

impl Field for ManualUploadTarget {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        struct Version {
            upload_uid: Option<IgnoredAny>,
        }
        read_struct!(Version { required {} optional { upload_uid } });

        // Read twice: the text decides the version, and the models must get unknown fields as text.
        let json = Json::deserialize(deserializer)?;
        let target = match json.parse::<Version>() {
            Ok(Version { upload_uid: Some(_) }) => read_text(json.get(), mode).map(Self::Session),
            Ok(Version { upload_uid: None }) => read_text(json.get(), mode).map(Self::Form),
            Err(error) => Err(error),
        };
        target.map_err(serde::de::Error::custom)
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        match self {
            Self::Form(form) => form.find_unexpected(report),
            Self::Session(session) => session.find_unexpected(report),
        }
    }
}

model! {
    /// A presigned form POST that accepts a file, without an API key; it expires.
    #[derive(Eq, Hash)]
    pub struct FormUpload {
        required {
            /// URL of the form POST.
            url: String,
        }
        optional {
            /// Form fields. They precede the file, which is the last field, named `file`.
            fields: BTreeMap<String, String>,
        }
    }
}

open_enum! {
    /// Transfer method of a file.
    pub enum UploadMethod {
        /// One PUT. A 412 response means that the storage already has an object of that name.
        Put = "PUT",
        /// One PUT per part, to URLs from [`SignParts`].
        Multipart = "MULTIPART",
    }
}

model! {
    /// A resumable upload of one file: requesting it again returns its progress.
    #[derive(Eq, Hash)]
    pub struct ManualUploadSession {
        required {
            /// Unique identifier (UID).
            upload_uid: UploadUid,
        }
        optional {
            /// Transfer method.
            method: Option<UploadMethod>,
            /// Presigned URL for one PUT, without an API key; it expires.
            url: Option<String>,
            /// Headers to send with them.
            headers: BTreeMap<String, String>,
            /// Part size in bytes; the last part may be smaller.
            part_size: Option<u64>,
            /// Number of parts, at most 10,000.
            part_count: Option<u64>,
            /// Parts that the storage has.
            uploaded_parts: Vec<UploadedPart>,
            /// Whether the storage has the whole file and only completion is missing.
            complete: Option<bool>,
        }
    }
}

model! {
    /// A part that the storage has.
    #[derive(Eq, Hash)]
    pub struct UploadedPart {
        required {
            /// Part number, from 1.
            part_number: u64,
        }
        optional {
            /// Size in bytes.
            size: Option<u64>,
        }
    }
}

model! {
    /// Presigned URLs of parts: the response to [`SignParts`].
    #[derive(Eq, Hash)]
    pub struct SignedParts {
        required {}
        optional {
            /// One per part.
            parts: Vec<SignedPart>,
        }
    }
}

model! {
    /// Presigned URL of a part.
    #[derive(Eq, Hash)]
    pub struct SignedPart {
        required {
            /// Part number, from 1.
            part_number: u64,
            /// Presigned URL for a PUT of the part, without an API key; it expires.
            url: String,
        }
        optional {
            /// Headers to send with the part.
            headers: BTreeMap<String, String>,
        }
    }
}

payload! {
    /// Payload that requests an upload URL (`POST /datasets/manual-upload/file-upload-url/`).
    #[derive(Eq, Hash)]
    pub struct CreateManualUploadUrl {
        required {
            /// Slug of the dataset to create.
            dataset_name: String,
            /// Path of the file in it, with slashes.
            file_path_in_dataset: String,
            /// Size of the file in bytes.
            content_length: u64,
        }
        optional {
            /// Upload that the file belongs to; sent together with protocol version 2.
            dataset_upload_uid: DatasetUploadUid,
            /// Organization that will own the dataset.
            organization_uid: OrganizationUid,
        }
        numbers {
            /// Protocol version; 2 for resumable uploads.
            upload_protocol_version: u64,
        }
    }
}

payload! {
    /// Payload that requests part URLs (`POST /datasets/manual-upload/uploads/{upload_uid}/parts/`).
    #[derive(Eq, Hash)]
    pub struct SignParts {
        required {
            /// Part numbers, from 1.
            part_numbers: Vec<u64>,
        }
        optional {}
    }
}

payload! {
    /// Payload that creates a dataset from uploaded files (`POST /datasets/manual-upload/`).
    #[derive(Eq, Hash)]
    pub struct CreateDatasetFromManualUpload {
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
            /// Owner.
            owner_name: OwnerName,
            /// Metadata, a free-form object.
            metadata: Json,
            /// Owning organization; must be the same as for the uploaded files.
            organization_uid: OrganizationUid,
            /// The files, if they were uploaded by protocol version 2.
            dataset_upload_uid: DatasetUploadUid,
        }
        numbers {
            /// Industry number.
            industry: u64,
            /// License number.
            license: u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_a_target_are_told_apart_and_written_back() {
        let form = r#"{"url":"https://s3.amazonaws.com/","fields":{"key":"a/b.jpg"},"expires_in":1.50}"#;
        let session = concat!(
            r#"{"upload_uid":"u1","method":"MULTIPART","headers":{},"part_size":5242880,"part_count":2,"#,
            r#""uploaded_parts":[{"part_number":1,"size":5242880}],"complete":false}"#
        );
        let target: ManualUploadTarget = serde_json::from_str(form).unwrap();
        assert!(matches!(&target, ManualUploadTarget::Form(form) if form.fields["key"] == "a/b.jpg"));
        assert_eq!(serde_json::to_string(&target).unwrap(), form);
        let target: ManualUploadTarget = serde_json::from_str(session).unwrap();
        assert!(matches!(&target, ManualUploadTarget::Session(session) if session.part_count == Some(2)));
        assert_eq!(serde_json::to_string(&target).unwrap(), session);
    }

    #[test]
    fn a_target_that_is_neither_is_refused_with_the_reason() {
        let error = |json| serde_json::from_str::<ManualUploadTarget>(json).unwrap_err().to_string();
        assert!(error(r#"{"upload_uid":null,"fields":{}}"#).contains("missing field `url`"));
        assert!(error("[]").contains("expected"));
    }

    #[test]
    fn a_quota_that_is_used_up_has_nothing_left() {
        assert_eq!(UploadQuota::new(30_u64, 100_u64).remaining(), 70);
        assert_eq!(UploadQuota::new(130_u64, 100_u64).remaining(), 0);
    }
}
