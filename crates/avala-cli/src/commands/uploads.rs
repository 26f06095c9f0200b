//! The steps of dataset uploads.

use crate::args::option::{choice, integer, integers, json, pos, switch, text};
use crate::commands::datasets::DATA_TYPES;
use crate::commands::row::Row;

pub(super) const ROWS: &[Row] = &[
    Row::change(
        "datasets.create_manual_upload_url",
        &["uploads", "create-url"],
        "Get the URL to upload a file of a dataset to",
        &[
            text("dataset-name", "Name of the dataset").field("dataset_name").required(),
            text("file-path", "Path of the file in the dataset").field("file_path_in_dataset").required(),
            integer("content-length", "Size of the file in bytes").field("content_length").required(),
            integer("upload-protocol-version", "Version of the protocol, 2 for parts").field("upload_protocol_version"),
            text("dataset-upload-uid", "UID of the upload of the file").field("dataset_upload_uid"),
            text("organization-uid", "UID of the owning organization").field("organization_uid"),
        ],
        |a, i| i.one(a.datasets().create_manual_upload_url(&i.payload()?)),
    ),
    Row::change(
        "uploads.sign_parts",
        &["uploads", "sign-parts"],
        "Get the URLs to upload parts to",
        &[
            pos("upload-uid", "UID of the upload"),
            integers("part-numbers", "Numbers of the parts").field("part_numbers").required(),
        ],
        |a, i| i.one(a.uploads().sign_parts(i.text("upload-uid"), &i.payload()?)),
    ),
    Row::change(
        "uploads.complete",
        &["uploads", "complete"],
        "End the upload of a file",
        &[pos("upload-uid", "UID of the upload")],
        |a, i| i.one(a.uploads().complete(i.text("upload-uid"))),
    ),
    Row::change(
        "datasets.create_from_manual_upload",
        &["uploads", "create-dataset"],
        "Create a dataset of uploaded files",
        &[
            text("name", "Display name").field("name").required(),
            text("slug", "URL slug").field("slug").required(),
            choice("data-type", DATA_TYPES, "Type").field("data_type").required(),
            text("visibility", "Visibility").field("visibility"),
            switch("create-metadata", "no-create-metadata", "Let the server read the metadata of the files")
                .field("create_metadata"),
            text("owner", "Owner").field("owner_name"),
            json("metadata", "Free-form metadata").field("metadata"),
            integer("industry", "Number of the industry").field("industry"),
            integer("license", "Number of the license").field("license"),
            text("organization-uid", "UID of the owning organization").field("organization_uid"),
            text("dataset-upload-uid", "UID of the upload of the files").field("dataset_upload_uid"),
        ],
        |a, i| i.one(a.datasets().create_from_manual_upload(&i.payload()?)),
    ),
];
