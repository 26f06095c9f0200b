//! The upload of a recording.

use avala_types::*;

use super::sample::{LEAST, MOST, Sample, body, part};

pub(super) fn samples() -> Vec<Sample> {
    let file = UploadFile::new("0612/kamera hinten.mcap", 4_294_967_297_u64);
    let init = InitUpload::new([file.clone()]);
    let urls = GetUploadUrls::new("ups-0612", ["0612/a.mcap".to_owned(), "0612/b.mcap".to_owned()]);
    let sent = ConfirmedFile::new("0612/a.mcap", "9b2cf535f27731c974343645a3985328", 4096_u64);
    let confirm = ConfirmUpload::new("ups-0612", [sent.clone()]);
    let finalize = FinalizeUpload::new("ups-0612");
    let protocol = ManagedUploadProtocol::McapV1;
    let managed_file = ManagedFile::new("0612/vorne links.mcap", 4_294_967_297_u64, "9f86d081");
    let admit = AdmitManagedUpload::new(&protocol, "ses-7", [managed_file.clone()]);
    let multipart = InitManagedMultipart::new(&protocol, "ses-7", "org-1");
    let grant = GrantManagedParts::new(&protocol, "ses-7", "org-1", "gen-7c", [65_u64]);
    let whole = FinalizedFile::new("org-1", "gen-7c");
    let finalize_managed = FinalizeManagedUpload::new(&protocol, "ses-7", [whole.clone()]);
    vec![
        part([(LEAST, file.clone()), (MOST, file)]),
        part([(LEAST, sent.clone()), (MOST, sent)]),
        body("fleet.uploads.init_upload", [(LEAST, init.clone()), (MOST, init.storage_config_uid("sto-nl-1"))]),
        body("fleet.uploads.get_upload_urls", [(LEAST, urls.clone()), (MOST, urls.ttl_seconds(900))]),
        body("fleet.uploads.confirm_upload", [(LEAST, confirm.clone()), (MOST, confirm)]),
        body("fleet.uploads.finalize_upload", [(LEAST, finalize.clone()), (MOST, finalize)]),
        part([(LEAST, managed_file.clone()), (MOST, managed_file)]),
        part([(LEAST, whole.clone()), (MOST, whole)]),
        body("fleet.managed_uploads.admit", [(LEAST, admit.clone()), (MOST, admit)]),
        body("fleet.managed_uploads.init_multipart", [(LEAST, multipart.clone()), (MOST, multipart)]),
        body("fleet.managed_uploads.grant_parts", [(LEAST, grant.clone()), (MOST, grant)]),
        body("fleet.managed_uploads.finalize", [(LEAST, finalize_managed.clone()), (MOST, finalize_managed)]),
    ]
}
