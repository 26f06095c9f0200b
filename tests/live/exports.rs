//! Exports: creation, wait and download URL.

use std::time::Duration;

use avala_client::types::{CreateExport, ExportFormat, ExportStatus};
use avala_client::{ErrorKind, Sent};
use avala_sandbox::{Fault, Sandbox};

use crate::{client, count};

#[tokio::test]
async fn wait_for_an_export_returns_its_download_url() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    let project = avala.projects().list().await.unwrap().items.swap_remove(0);
    let asked = avala.exports().create(&CreateExport::project(&project.uid)).await.unwrap();
    assert_eq!((asked.status, asked.download_url), (Some(ExportStatus::Requested), None));
    let ready = avala.exports().wait(&asked.uid).interval(Duration::ZERO).await.unwrap();
    assert_eq!(ready.status, Some(ExportStatus::Exported));
    assert!(ready.download_url.unwrap().starts_with(sandbox.url()));
    assert_eq!(ready.projects, std::slice::from_ref(&project.uid));

    let several = CreateExport::lists("Both", ExportFormat::Yolo).projects([&project.uid]);
    let several = avala.exports().create(&several).await.unwrap();
    assert_eq!((several.name.as_deref(), several.format), (Some("Both"), Some(ExportFormat::Yolo)));

    let unknown = avala.exports().create(&CreateExport::dataset("nowhere")).await.unwrap_err();
    assert_eq!((unknown.kind(), &*unknown.field_errors()[0].field), (ErrorKind::Validation, "dataset"));
}

#[tokio::test]
async fn export_is_never_created_twice() {
    let sandbox = Sandbox::start().await.unwrap();
    let avala = client(&sandbox);
    let project = avala.projects().list().await.unwrap().items.swap_remove(0).uid;
    let before = avala.exports().list().await.unwrap().items.len();

    // The server executes the request, but the response is lost.
    sandbox.fault(Fault::drop_response().on("POST", "/exports/")).unwrap();
    let error = avala.exports().create(&CreateExport::project(&project)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::ConnectionLost, Sent::Maybe, 1));
    assert_eq!(avala.exports().list().await.unwrap().items.len(), before + 1);

    // The server rejects the request, so a retry does not execute it twice.
    sandbox.fault(Fault::status(503).header("retry-after", "0").on("POST", "/exports/")).unwrap();
    let response = avala.exports().create(&CreateExport::project(&project)).with_meta().await.unwrap();
    assert_eq!(response.meta.attempts, 2);
    assert_eq!(avala.exports().list().await.unwrap().items.len(), before + 2);
    assert_eq!(count(&sandbox, "POST", "/exports/"), 3);
}
