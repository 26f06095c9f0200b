//! Public revisions from the sandbox, and from servers whose responses contradict the revision.

use std::path::Path;
use std::time::Duration;

use avala_sandbox::{Fault, Sandbox, SandboxBuilder};
use avala_transfer::{Digest, ErrorKind, Transfers};

use crate::download_support::{builder, files};

const REFERENCE: &str = "harbor-vision/maps@main";

async fn sandbox(objects: usize, configure: impl FnOnce(SandboxBuilder) -> SandboxBuilder) -> Sandbox {
    configure(Sandbox::builder().public_dataset("maps", objects).rate_limits(false)).start().await.unwrap()
}

fn transfers(sandbox: &Sandbox, state: &Path) -> Transfers {
    builder(&sandbox.api_url(), state).build().unwrap()
}

/// Requests to the API whose path begins with a prefix, below `/api/v1`.
fn calls(sandbox: &Sandbox, ends_with: &str) -> usize {
    let requests = sandbox.requests();
    requests.iter().filter(|request| request.path.split('?').next().unwrap().ends_with(ends_with)).count()
}

#[tokio::test]
async fn every_object_is_fetched_once_and_compared_with_its_hash() {
    let sandbox = sandbox(120, |builder| builder).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("maps");
    let transfers = transfers(&sandbox, &root.path().join("state"));
    let report = transfers.download_revision(REFERENCE).to_folder(&target).await.unwrap();
    assert_eq!(report.transferred(), 120);
    assert_eq!(files(&target).len(), 120);
    assert!(report.warnings.iter().any(|warning| warning.contains("avala://datasets/")), "{:?}", report.warnings);
    assert_eq!((calls(&sandbox, "/objects/"), calls(&sandbox, "/access/")), (2, 120));
    assert!(
        sandbox.requests().iter().all(|request| !request.headers.contains_key("x-avala-api-key")),
        "no key is sent"
    );

    // A second run resolves the alias and reads nothing else.
    sandbox.clear_requests();
    let download = transfers.download_revision(REFERENCE).to_folder(&target);
    let plan = download.plan().await.unwrap();
    assert_eq!((plan.files.len(), plan.skipped.len(), plan.api_calls), (0, 120, 1));
    let report = download.clone().await.unwrap();
    assert_eq!((report.transferred(), report.skipped()), (0, 120));
    assert!(download.verify().await.unwrap().is_equal());
    assert_eq!((calls(&sandbox, "/objects/"), calls(&sandbox, "/access/")), (0, 0));
}

#[tokio::test]
async fn damaged_bytes_are_fetched_again_and_never_published() {
    let sandbox = sandbox(3, |builder| builder).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("maps");
    let transfers = transfers(&sandbox, &root.path().join("state"));
    sandbox.fault(Fault::corrupt_body(100).on("GET", "/resolve/download/*").times(1)).unwrap();
    let report = transfers.download_revision(REFERENCE).to_folder(&target).await.unwrap();
    assert_eq!(report.transferred(), 3);

    sandbox.fault(Fault::corrupt_body(100).on("GET", "/resolve/download/*").times(usize::MAX)).unwrap();
    let other = root.path().join("other");
    let report = transfers.download_revision(REFERENCE).to_folder(&other).await.unwrap();
    assert!(report.failed().all(|(name, error)| error.kind() == ErrorKind::Integrity && error.subject() == Some(name)));
    assert_eq!(report.failed().count(), 3);
    assert_eq!(files(&other), [] as [&str; 0], "neither files nor temporary files are left");
}

#[tokio::test]
async fn longer_and_shorter_bodies_are_rejected() {
    for by in [-1, 1] {
        let sandbox = sandbox(1, |builder| builder).await;
        let root = tempfile::tempdir().unwrap();
        let transfers = transfers(&sandbox, &root.path().join("state"));
        sandbox.fault(Fault::resize_body(by).on("GET", "/resolve/download/*").times(usize::MAX)).unwrap();
        let report = transfers.download_revision(REFERENCE).to_folder(root.path().join("maps")).await.unwrap();
        let kinds: Vec<_> = report.failed().map(|(_, error)| error.kind()).collect();
        assert!(
            matches!(kinds[..], [ErrorKind::Integrity | ErrorKind::Storage | ErrorKind::RemoteChanged]),
            "{by}: {kinds:?}"
        );
    }
}

#[tokio::test]
async fn ranges_are_used_only_where_the_grant_allows_them() {
    let sandbox = sandbox(1, |builder| builder.item_size(20 << 20)).await;
    let root = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, &root.path().join("state"));
    transfers.download_revision(REFERENCE).to_folder(root.path().join("one")).await.unwrap();
    let ranged = |sandbox: &Sandbox| {
        let requests = sandbox.requests();
        let downloads = requests.into_iter().filter(|request| request.path.contains("/resolve/download/"));
        downloads.map(|request| request.headers.contains_key("range")).collect::<Vec<_>>()
    };
    let first = ranged(&sandbox);
    assert!(first.len() > 2 && first.iter().all(|ranged| *ranged), "{first:?}");

    let reference = transfers.download_revision(REFERENCE).canonical_reference().await.unwrap();
    let uid = reference.strip_prefix("avala://datasets/").unwrap().split('@').next().unwrap();
    sandbox.set_range_supported(uid, false).unwrap();
    sandbox.clear_requests();
    transfers.download_revision(&reference).to_folder(root.path().join("two")).await.unwrap();
    assert_eq!(ranged(&sandbox), [false]);
}

#[tokio::test]
async fn store_keeps_each_content_once_and_works_offline() {
    let sandbox = sandbox(5, |builder| builder).await;
    let root = tempfile::tempdir().unwrap();
    let (store, state) = (root.path().join("store"), root.path().join("state"));
    let transfers = transfers(&sandbox, &state);
    let revision = transfers.download_revision(REFERENCE).content_store(&store);
    revision.clone().to_folder(root.path().join("one")).await.unwrap();
    assert_eq!((files(&store).len(), calls(&sandbox, "/access/")), (5, 5));
    let reference = revision.canonical_reference().await.unwrap();

    // The server is stopped.
    drop(sandbox);
    let offline = transfers.download_revision(&reference).content_store(&store).offline(true);
    let report = offline.clone().to_folder(root.path().join("two")).await.unwrap();
    assert_eq!(report.transferred(), 5);
    for name in files(&root.path().join("one")) {
        let read = |folder: &str| std::fs::read(root.path().join(folder).join(&name)).unwrap();
        assert!(read("one") == read("two"), "{name}");
    }

    // Damaged content of the store is not copied.
    let damaged = files(&store).into_iter().next().unwrap();
    let size = std::fs::metadata(store.join(&damaged)).unwrap().len();
    std::fs::write(store.join(&damaged), vec![7; usize::try_from(size).unwrap()]).unwrap();
    let report = offline.clone().to_folder(root.path().join("three")).await.unwrap();
    assert_eq!((report.transferred(), report.failed().count()), (4, 1));
    assert!(!store.join(&damaged).exists(), "damaged content is deleted");
    for name in files(&root.path().join("three")) {
        assert!(files(&root.path().join("one")).contains(&name));
    }

    let alias = transfers.download_revision(REFERENCE).content_store(&store).offline(true);
    let error = alias.to_folder(root.path().join("four")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("canonical reference"), "{error}");
    let error = transfers.download_revision(&reference).offline(true).to_folder(root.path().join("five")).await;
    assert!(error.unwrap_err().to_string().contains("content store"));
}

#[tokio::test]
async fn damaged_content_of_the_store_is_downloaded_again() {
    let sandbox = sandbox(2, |builder| builder).await;
    let root = tempfile::tempdir().unwrap();
    let store = root.path().join("store");
    let transfers = transfers(&sandbox, &root.path().join("state"));
    let revision = transfers.download_revision(REFERENCE).content_store(&store);
    revision.clone().to_folder(root.path().join("one")).await.unwrap();
    let names = files(&store);
    std::fs::write(store.join(&names[0]), "short").unwrap();
    let report = revision.clone().to_folder(root.path().join("two")).await.unwrap();
    assert_eq!((report.transferred(), calls(&sandbox, "/access/")), (2, 3));
    for name in names {
        let digest = Digest::of(&std::fs::read(store.join(&name)).unwrap()).to_string();
        assert!(name.ends_with(&digest), "{name}");
    }
}

#[tokio::test]
async fn withdrawn_revision_is_reported_for_an_exact_reference() {
    let sandbox = sandbox(1, |builder| builder).await;
    let root = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, &root.path().join("state"));
    let reference = transfers.download_revision(REFERENCE).canonical_reference().await.unwrap();
    let uid = reference.strip_prefix("avala://datasets/").unwrap().split('@').next().unwrap();
    sandbox.withdraw_revision(uid).unwrap();
    // The list is saved in the first state folder; with another one, it is requested.
    let fresh = builder(&sandbox.api_url(), &root.path().join("fresh")).build().unwrap();
    let error = fresh.download_revision(&reference).to_folder(root.path().join("maps")).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(410), "{error}");
    assert!(error.to_string().contains("withdrawn"), "{error}");
}

#[tokio::test]
async fn grants_that_expire_are_requested_again() {
    let sandbox = sandbox(3, |builder| builder.url_lifetime(Duration::from_secs(30))).await;
    let root = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, &root.path().join("state"));
    sandbox.fault(Fault::expired_url().on("GET", "/resolve/download/*").times(2)).unwrap();
    let report = transfers.download_revision(REFERENCE).to_folder(root.path().join("maps")).await.unwrap();
    assert_eq!((report.transferred(), calls(&sandbox, "/access/")), (3, 5));

    let short = self::sandbox(1, |builder| builder.url_lifetime(Duration::from_secs(2))).await;
    let transfers = self::transfers(&short, &root.path().join("short"));
    let report = transfers.download_revision(REFERENCE).to_folder(root.path().join("never")).await.unwrap();
    let (_, error) = report.failed().next().unwrap();
    assert!(error.to_string().contains("less than 5 s"), "{error}");
    assert_eq!(calls(&short, "/access/"), 2);
}

#[tokio::test]
async fn invalid_reference_sends_nothing() {
    let sandbox = sandbox(1, |builder| builder).await;
    let root = tempfile::tempdir().unwrap();
    let transfers = transfers(&sandbox, &root.path().join("state"));
    for reference in ["maps", "harbor-vision/../x", "avala://datasets/x@y", ""] {
        let error = transfers.download_revision(reference).to_folder(root.path().join("maps")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{reference}");
    }
    let twice = transfers.download_revision(REFERENCE).revision("v1").to_folder(root.path().join("maps")).await;
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Configuration);
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn saved_list_that_was_changed_is_not_used() {
    let sandbox = sandbox(2, |builder| builder).await;
    let root = tempfile::tempdir().unwrap();
    let state = root.path().join("state");
    let transfers = transfers(&sandbox, &state);
    let reference = transfers.download_revision(REFERENCE).canonical_reference().await.unwrap();
    let saved = state.join("revisions").join(files(&state.join("revisions")).remove(0));
    let text = std::fs::read_to_string(&saved).unwrap();
    for changed in [
        "",
        "{}\n",
        &text.replace("media", "medium/.."),
        &text[..text.len() - 10],
        &text.replacen("\"size_bytes\":4", "\"size_bytes\":5", 1),
    ] {
        std::fs::write(&saved, changed).unwrap();
        sandbox.clear_requests();
        let report = transfers.download_revision(&reference).to_folder(root.path().join("maps")).await.unwrap();
        assert_eq!(report.failed().count(), 0);
        assert_eq!(calls(&sandbox, "/objects/"), 1, "the list is read again");
    }
}

#[tokio::test]
async fn files_of_equal_content_are_downloaded_once() {
    // Empty files all have the same content.
    let sandbox = sandbox(20, |builder| builder.item_size(0)).await;
    let root = tempfile::tempdir().unwrap();
    let (store, target) = (root.path().join("store"), root.path().join("maps"));
    let transfers = transfers(&sandbox, &root.path().join("state"));
    let revision = transfers.download_revision(REFERENCE).content_store(&store);
    let report = revision.to_folder(&target).await.unwrap();
    assert_eq!((report.transferred(), report.failed().count()), (20, 0));
    assert_eq!((files(&store).len(), files(&target).len(), calls(&sandbox, "/access/")), (1, 20, 1));
}
