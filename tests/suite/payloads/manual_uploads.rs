//! Files that become a dataset.

use avala_types::*;
use serde_json::json;

use super::sample::{LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    let url = CreateManualUploadUrl::new("Dock cameras", "halle 3/000231.jpg", 8_388_609_u64);
    let versioned = url.clone().dataset_upload_uid("dup-3").organization_uid("org-nl").upload_protocol_version(2);
    let dataset = CreateDatasetFromManualUpload::new("Dock cameras", "dock-cameras", DataType::Image);
    let full = dataset
        .clone()
        .visibility(Visibility::Private)
        .create_metadata(false)
        .owner_name("nordlicht")
        .metadata(json!({"hall": 3}))
        .organization_uid("org-nl")
        .dataset_upload_uid("dup-3")
        .industry(4)
        .license(1);
    let parts = SignParts::new([1_u64, 2, 3]);
    vec![
        body("datasets.create_manual_upload_url", [(LEAST, url), (MOST, versioned)]),
        body("datasets.create_from_manual_upload", [(LEAST, dataset), (MOST, full)]),
        body("uploads.sign_parts", [(LEAST, parts.clone()), (MOST, parts)]),
    ]
}
