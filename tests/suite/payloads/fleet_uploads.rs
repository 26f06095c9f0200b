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
    vec![
        part([(LEAST, file.clone()), (MOST, file)]),
        part([(LEAST, sent.clone()), (MOST, sent)]),
        body("fleet.uploads.init_upload", [(LEAST, init.clone()), (MOST, init.storage_config_uid("sto-nl-1"))]),
        body("fleet.uploads.get_upload_urls", [(LEAST, urls.clone()), (MOST, urls.ttl_seconds(900))]),
        body("fleet.uploads.confirm_upload", [(LEAST, confirm.clone()), (MOST, confirm)]),
        body("fleet.uploads.finalize_upload", [(LEAST, finalize.clone()), (MOST, finalize)]),
    ]
}
