//! Manual uploads: files of yours that become a dataset in Avala's storage.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::field::{Field, Mode, Report, read_text};
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::plain_struct::read_struct;
use crate::{DataType, DatasetSlug, DatasetUploadUid, Json, OrganizationUid, OwnerName, UploadUid, Visibility};

model! {
    /// How much can be stored, by you or by your organization.
    #[derive(Eq, Hash)]
    pub struct UploadQuota {
        required {
            /// How many bytes are used, uploads that are on their way included.
            used: u64,
            /// How many bytes can be used.
            limit: u64,
        }
        optional {}
    }
}

impl UploadQuota {
    /// How many bytes are left: none where more is used than allowed, as after a limit was lowered.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

model! {
    /// The media types that the server knows; files of other types are kept as plain bytes.
    #[derive(Eq, Hash)]
    pub struct AllowedMimes {
        required {}
        optional {
            /// The media types.
            mime_types: Vec<String>,
            /// What every media type of a video begins with.
            video_prefix: String,
        }
    }
}

/// How a file is sent: the answer to [`CreateManualUploadUrl`].
///
/// The server chooses. It answers with a session only to those who asked for version 2 of the protocol.
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
    /// In one POST of a form: version 1.
    Form(FormUpload),
    /// In one or many PUTs that can be resumed: version 2.
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

        // Read twice: the text decides on the version, and what the models do not know must reach them as text.
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
    /// A form that takes a file, without an API key and for a while.
    #[derive(Eq, Hash)]
    pub struct FormUpload {
        required {
            /// Where the form is posted to.
            url: String,
        }
        optional {
            /// The fields of the form. They come before the file, which is the last field and is named `file`.
            fields: BTreeMap<String, String>,
        }
    }
}

open_enum! {
    /// How the bytes of a file are sent.
    pub enum UploadMethod {
        /// In one PUT. An answer of 412 means that the storage has the file already.
        Put = "PUT",
        /// In a PUT for each part, to addresses that [`SignParts`] asks for.
        Multipart = "MULTIPART",
    }
}

model! {
    /// The upload of one file, which can be resumed: asking for it again tells how far it is.
    #[derive(Eq, Hash)]
    pub struct ManualUploadSession {
        required {
            /// Its identity.
            upload_uid: UploadUid,
        }
        optional {
            /// How the bytes are sent.
            method: Option<UploadMethod>,
            /// Where they are sent to in one PUT, without an API key and for a while.
            url: Option<String>,
            /// The headers that must go with them.
            headers: BTreeMap<String, String>,
            /// The size of a part in bytes; the last one may be smaller.
            part_size: Option<u64>,
            /// How many parts there are, at most 10,000.
            part_count: Option<u64>,
            /// The parts that the storage has.
            uploaded_parts: Vec<UploadedPart>,
            /// Whether the storage has the whole file, so that only the word of it is missing.
            complete: bool,
        }
    }
}

model! {
    /// A part that the storage has.
    #[derive(Eq, Hash)]
    pub struct UploadedPart {
        required {
            /// Its number; the first one is 1.
            part_number: u64,
        }
        optional {
            /// Its size in bytes.
            size: Option<u64>,
        }
    }
}

model! {
    /// The addresses that parts are sent to: the answer to [`SignParts`].
    #[derive(Eq, Hash)]
    pub struct SignedParts {
        required {}
        optional {
            /// One for each part.
            parts: Vec<SignedPart>,
        }
    }
}

model! {
    /// The address that a part is sent to.
    #[derive(Eq, Hash)]
    pub struct SignedPart {
        required {
            /// The number of the part; the first one is 1.
            part_number: u64,
            /// The address, which takes the part by PUT and without an API key, for a while.
            url: String,
        }
        optional {
            /// The headers that must go with the part.
            headers: BTreeMap<String, String>,
        }
    }
}

payload! {
    /// The wish to send a file (`POST /datasets/manual-upload/file-upload-url/`).
    #[derive(Eq, Hash)]
    pub struct CreateManualUploadUrl {
        required {
            /// The name of the dataset that is to come.
            dataset_name: String,
            /// The path of the file in it, with slashes.
            file_path_in_dataset: String,
            /// The size of the file in bytes.
            content_length: u64,
        }
        optional {
            /// The files that it belongs to; asked for together with version 2 of the protocol.
            dataset_upload_uid: DatasetUploadUid,
            /// The organization that will own the dataset.
            organization_uid: OrganizationUid,
        }
        numbers {
            /// The version of the protocol: 2 for uploads that can be resumed.
            upload_protocol_version: u64,
        }
    }
}

payload! {
    /// The wish for addresses of parts (`POST /datasets/manual-upload/uploads/{upload_uid}/parts/`).
    #[derive(Eq, Hash)]
    pub struct SignParts {
        required {
            /// The numbers of the parts; the first one is 1.
            part_numbers: Vec<u64>,
        }
        optional {}
    }
}

payload! {
    /// A new dataset of files that were sent (`POST /datasets/manual-upload/`).
    #[derive(Eq, Hash)]
    pub struct CreateDatasetFromManualUpload {
        required {
            /// Its name, as people read it.
            name: String,
            /// Its name in addresses, unique for its owner.
            slug: DatasetSlug,
            /// What it holds.
            data_type: DataType,
        }
        optional {
            /// Who can see it.
            visibility: Visibility,
            /// Whether the server reads what the files say of themselves.
            create_metadata: bool,
            /// Who owns it.
            owner_name: OwnerName,
            /// What you want to note of it: a free-form object.
            metadata: Json,
            /// The organization that owns it, the same as when the files were sent.
            organization_uid: OrganizationUid,
            /// The files, where they were sent by version 2 of the protocol.
            dataset_upload_uid: DatasetUploadUid,
        }
        numbers {
            /// The industry that it comes from, by its number.
            industry: u64,
            /// The license that it is under, by its number.
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
