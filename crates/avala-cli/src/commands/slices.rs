//! Slices, and published datasets.

use avala_client::types::{Json, PublicObject, PublicObjectWalk, PublicReference, PublicRevision};
use avala_client::{Avala, Error};

use crate::args::option::{Arg, integer, integers, json, pos, text};
use crate::commands::input::{Input, Prepared, Reply};
use crate::commands::row::Row;
use crate::failure::Outcome;

const OWNER: Arg = pos("owner", "Owner: a user or an organization");
const SLUG: Arg = pos("slug", "Slug of the slice");
const DATASET: Arg = pos("dataset-uid", "UID of the dataset");
const REVISION: Arg = pos("revision-sha256", "Digest of the revision, 64 hexadecimal digits");

pub(super) const ROWS: &[Row] = &[
    Row::list(
        "slices.list",
        &["slices", "list"],
        "List the slices of an owner",
        &[
            OWNER,
            integer("page", "Number of the page to start at"),
            text("ordering", "Field by which the server sorts"),
        ],
        |a, i| {
            let list = i.with(a.slices().list(i.text("owner")), "ordering", |list, value| list.ordering(value));
            match i.page() {
                Some(page) => i.list(list.page(page)),
                None => i.list(list),
            }
        },
    )
    .columns(&["uid", "name", "slug", "item_count", "visibility"]),
    Row::list(
        "slices.list_by_dataset",
        &["slices", "list-by-dataset"],
        "List the slices of a dataset",
        &[DATASET],
        |a, i| i.list(a.slices().list_by_dataset(i.text("dataset-uid"))),
    )
    .columns(&["uid", "name", "slug", "item_count", "visibility"]),
    Row::read("slices.get", &["slices", "get"], "Get a slice", &[OWNER, SLUG], |a, i| {
        i.one(a.slices().get(i.text("owner"), i.text("slug")))
    }),
    Row::change(
        "slices.create",
        &["slices", "create"],
        "Create a slice",
        &[
            text("name", "Display name").field("name").required(),
            text("visibility", "Visibility").field("visibility").default("private"),
            json("sub-slices", "Datasets and the selections of their items").field("sub_slices").required(),
            text("organization", "Owning organization").field("organization"),
            integer("random-selection-count", "Number of items to select at random").field("random_selection_count"),
        ],
        |a, i| i.one(a.slices().create(&i.payload()?)),
    ),
    Row::list("slices.list_items", &["slices", "list-items"], "List the items of a slice", &[OWNER, SLUG], |a, i| {
        i.list(a.slices().list_items(i.text("owner"), i.text("slug")))
    })
    .columns(&["uid", "key", "dataset", "created_at"]),
    Row::read(
        "slices.get_item",
        &["slices", "get-item"],
        "Get an item of a slice",
        &[OWNER, SLUG, pos("item-uid", "UID of the item")],
        |a, i| i.one(a.slices().get_item(i.text("owner"), i.text("slug"), i.text("item-uid"))),
    ),
    Row::read(
        "public_datasets.resolve",
        &["public-datasets", "resolve"],
        "Resolve a published revision by names",
        &[OWNER, pos("dataset", "Slug of the dataset"), pos("selector", "Revision: an alias or a digest")],
        |a, i| i.typed(a.public_datasets().resolve(i.text("owner"), i.text("dataset"), i.text("selector"))),
    )
    .anonymous(),
    Row::read(
        "public_datasets.resolve_exact",
        &["public-datasets", "resolve-exact"],
        "Resolve a published revision by identifiers",
        &[DATASET, REVISION],
        |a, i| i.typed(a.public_datasets().resolve_exact(i.text("dataset-uid"), i.text("revision-sha256"))),
    )
    .anonymous(),
    Row::read(
        "public_datasets.list_objects",
        &["public-datasets", "list-objects"],
        "List a page of the objects of a published revision",
        &[
            DATASET,
            REVISION,
            text("role", "Filter by role"),
            integer("ordinal", "Filter by ordinal"),
            integers("ordinals", "Only with these ordinals"),
            text("cursor", "The next_cursor of a page"),
            integer("limit", "At most this many objects, at most 100"),
        ],
        |a, i| {
            let call = a.public_datasets().list_objects(&revision(i));
            let call = i.with(call, "role", |call, value| call.role(value));
            let mut call = i.with(call, "cursor", |call, value| call.cursor(value));
            let natural = |number: i64| u64::try_from(number).ok();
            if let Some(ordinal) = i.integer("ordinal").and_then(natural) {
                call = call.ordinal(ordinal);
            }
            if let Some(ordinals) = i.integers("ordinals") {
                call = call.ordinals(ordinals.into_iter().filter_map(natural));
            }
            if let Some(limit) = i.integer("limit").and_then(|limit| u32::try_from(limit).ok()) {
                call = call.limit(limit);
            }
            i.typed(call)
        },
    )
    .anonymous(),
    Row::read(
        "public_datasets.access_object",
        &["public-datasets", "access-object"],
        "Get a grant to read an object of a published revision",
        &[DATASET, REVISION, pos("object-uid", "UID of the object")],
        access_object,
    )
    .anonymous(),
];

/// Returns the revision with these identifiers. The server's responses are checked against it.
fn revision(input: &Input<'_>) -> PublicRevision {
    let (dataset, digest) = (input.text("dataset-uid"), input.text("revision-sha256"));
    let reference = PublicReference::exact(dataset.as_str(), digest.as_str()).to_string();
    PublicRevision::new(1_u64, reference, dataset, digest)
}

/// Looks up the object, because the check of the grant needs its size and digest.
fn access_object(avala: &Avala, input: &Input<'_>) -> Outcome<Prepared> {
    let (public, revision, wanted) = (avala.public_datasets(), revision(input), input.text("object-uid"));
    let unknown = PublicObject::new(wanted.as_str(), "", "", 0_u64, 0_u64, "", "");
    let request = public.access_object(&revision, &unknown).to_http();
    let send = async move {
        let resolved = public.resolve_exact(revision.dataset_uid.as_str(), revision.revision_sha256.as_str()).await?;
        let mut walk = PublicObjectWalk::new(&resolved).ok();
        let mut call = public.list_objects(&resolved);
        let object = loop {
            let page = call.await?;
            if let Some(object) = page.results.iter().find(|object| object.object_uid.as_str() == wanted) {
                break Some(object.clone());
            }
            // A walk through pages that do not match the revision would never end.
            let is_good = walk.as_mut().is_some_and(|walk| walk.page(&page).is_ok());
            match &page.next_cursor {
                Some(cursor) if is_good => call = public.list_objects(&resolved).cursor(cursor),
                _ => break None,
            }
        };
        // For an object that is not listed, the error of the server is the most precise one.
        let object = object.unwrap_or_else(|| PublicObject::new(wanted.as_str(), "", "", 0_u64, 0_u64, "", ""));
        let grant = public.access_object(&resolved, &object).await?;
        Ok::<_, Error>(Json::encode(&grant).unwrap_or_else(|_| Json::from(serde_json::Value::Null)))
    };
    Ok(Prepared { request, send: Reply::One(Box::pin(send)) })
}
