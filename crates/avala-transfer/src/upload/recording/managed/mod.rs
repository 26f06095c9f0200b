//! The managed protocol `fleet-managed-mcap-v1`.

use crate::error::{Error, ErrorKind};
use crate::upload::recording::transfer::{Opened, RecordingReport};

pub(crate) async fn run(upload: Opened) -> Result<RecordingReport, Error> {
    let _ = upload;
    Err(Error::new(ErrorKind::Configuration, "not there yet"))
}
