//! Public datasets.

use avala_client::Avala;
use avala_client::types::{PublicObject, PublicRevision};

use crate::contract::case::{Case, id};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    let public = avala.public_datasets();
    let revision = PublicRevision::new(1_u64, "r", id("dataset_uid"), id("revision_sha256"));
    let object = PublicObject::new(id("object_uid"), "p", "episode", 0_u64, 1_u64, "h", "a");
    let list = || public.list_objects(&revision);
    vec![
        Case::new("public_datasets.access_object", public.access_object(&revision, &object)),
        Case::new("public_datasets.list_objects", list())
            .complete(list().role("episode").cursor("next").limit(5))
            .complete(list().role("episode").ordinal(3))
            .complete(list().role("episode").ordinals([3])),
        Case::new("public_datasets.resolve", public.resolve(id("owner"), id("dataset"), id("selector"))),
        Case::new("public_datasets.resolve_exact", public.resolve_exact(id("dataset_uid"), id("revision_sha256"))),
    ]
}
