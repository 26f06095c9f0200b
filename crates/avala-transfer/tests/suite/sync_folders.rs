//! Downloads to a folder with existing files: sync, deletion and verification.

use std::path::Path;
use std::time::Duration;

use avala_sandbox::Sandbox;
use avala_transfer::{CompareBy, Difference, Download, ErrorKind, Filter, Transfers};

use crate::download_folders::dataset;
use crate::download_support::{builder, files};

struct Fixture {
    sandbox: Sandbox,
    root: tempfile::TempDir,
    transfers: Transfers,
}

impl Fixture {
    /// Creates and downloads a public revision of 5 files.
    async fn new() -> Self {
        let sandbox = Sandbox::builder().public_dataset("maps", 5).rate_limits(false).start().await.unwrap();
        let root = tempfile::tempdir().unwrap();
        let transfers = builder(&sandbox.api_url(), &root.path().join("state")).build().unwrap();
        let fixture = Self { sandbox, root, transfers };
        fixture.download().await.unwrap();
        fixture.sandbox.clear_requests();
        fixture
    }

    fn download(&self) -> Download {
        self.transfers.download_revision("harbor-vision/maps@main").to_folder(self.target())
    }

    fn target(&self) -> std::path::PathBuf {
        self.root.path().join("maps")
    }

    fn names(&self) -> Vec<String> {
        files(&self.target())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.target().join(name)
    }
}

/// Changes a file and restores its size and modification time.
fn change_in_place(path: &Path) {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[0] ^= 1;
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

#[tokio::test]
async fn only_changed_files_are_transferred() {
    let fixture = Fixture::new().await;
    let names = fixture.names();
    std::fs::remove_file(fixture.path(&names[0])).unwrap();
    std::fs::write(fixture.path(&names[1]), "other").unwrap();
    // The same content with another time does not count as a change.
    let later = std::time::SystemTime::now() + Duration::from_secs(100);
    std::fs::File::options().write(true).open(fixture.path(&names[2])).unwrap().set_modified(later).unwrap();
    let report = fixture.download().await.unwrap();
    assert_eq!((report.transferred(), report.skipped()), (2, 3));
    assert!(fixture.download().compare(CompareBy::Hash).verify().await.unwrap().is_equal());
}

#[tokio::test]
async fn change_with_the_old_time_is_found_by_hash() {
    let fixture = Fixture::new().await;
    let name = fixture.names().remove(0);
    change_in_place(&fixture.path(&name));
    assert!(fixture.download().verify().await.unwrap().is_equal(), "size and time are as before");
    let comparison = fixture.download().compare(CompareBy::Hash).verify().await.unwrap();
    assert_eq!(comparison.different, [(name.clone(), Difference::Content)]);
    let report = fixture.download().compare(CompareBy::Hash).await.unwrap();
    assert_eq!(report.transferred(), 1);
    assert!(fixture.download().compare(CompareBy::Hash).verify().await.unwrap().is_equal());
}

#[tokio::test]
async fn extra_files_are_deleted_only_on_request_and_up_to_a_maximum() {
    let fixture = Fixture::new().await;
    let original = fixture.names();
    for name in ["extra1", "extra2", "keep.log"] {
        std::fs::write(fixture.path(name), name).unwrap();
    }
    fixture.download().await.unwrap();
    assert_eq!(fixture.names().len(), 8);
    let error = fixture.download().delete_extra(2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("3 files"), "{error}");
    assert_eq!(fixture.names().len(), 8, "none is deleted");

    let filter = Filter::new().exclude("*.log");
    let plan = fixture.download().filter(filter.clone()).delete_extra(2).plan().await.unwrap();
    assert_eq!(plan.deleted, ["extra1", "extra2"]);
    assert_eq!(fixture.names().len(), 8);
    fixture.download().filter(filter).delete_extra(2).await.unwrap();
    let mut expected = original;
    expected.push("keep.log".to_owned());
    expected.sort();
    assert_eq!(fixture.names(), expected);
}

#[tokio::test]
async fn nothing_is_deleted_after_a_failure() {
    let fixture = Fixture::new().await;
    let names = fixture.names();
    std::fs::write(fixture.path("extra"), "x").unwrap();
    std::fs::remove_file(fixture.path(&names[0])).unwrap();
    std::fs::create_dir(fixture.path(&names[0])).unwrap();
    let report = fixture.download().delete_extra(10).await.unwrap();
    assert_eq!(report.failed().count(), 1);
    assert!(report.warnings.iter().any(|warning| warning.contains("no file was deleted")), "{:?}", report.warnings);
    assert!(fixture.path("extra").exists());
}

#[tokio::test]
async fn links_are_neither_followed_nor_deleted() {
    let fixture = Fixture::new().await;
    let outside = fixture.root.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "x").unwrap();
    std::os::unix::fs::symlink(&outside, fixture.path("link")).unwrap();
    fixture.download().delete_extra(100).await.unwrap();
    assert!(outside.join("file").exists());
    assert!(fixture.path("link").is_symlink());
}

#[tokio::test]
async fn immutable_target_keeps_its_files() {
    let fixture = Fixture::new().await;
    let names = fixture.names();
    std::fs::write(fixture.path(&names[0]), "mine").unwrap();
    std::fs::remove_file(fixture.path(&names[1])).unwrap();
    let report = fixture.download().immutable(true).await.unwrap();
    let failed: Vec<_> = report.failed().map(|(name, error)| (name.to_owned(), error.kind())).collect();
    assert_eq!(failed, [(names[0].clone(), ErrorKind::Conflict)]);
    assert_eq!((report.transferred(), report.skipped()), (1, 3));
    assert_eq!(std::fs::read_to_string(fixture.path(&names[0])).unwrap(), "mine");
}

#[tokio::test]
async fn verification_lists_every_difference() {
    let fixture = Fixture::new().await;
    let names = fixture.names();
    std::fs::remove_file(fixture.path(&names[0])).unwrap();
    std::fs::write(fixture.path(&names[1]), "short").unwrap();
    std::fs::remove_file(fixture.path(&names[2])).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", fixture.path(&names[2])).unwrap();
    std::fs::write(fixture.path("extra"), "x").unwrap();
    let comparison = fixture.download().verify().await.unwrap();
    assert_eq!(comparison.missing, [names[0].clone()]);
    assert_eq!(comparison.extra, ["extra"]);
    assert_eq!(comparison.same, [names[3].clone(), names[4].clone()]);
    let (name, difference) = &comparison.different[0];
    assert!(name == &names[1] && matches!(difference, Difference::Size { target: 5, .. }), "{difference:?}");
    let (name, difference) = &comparison.different[1];
    assert!(name == &names[2] && matches!(difference, Difference::Unreadable(_)), "{difference:?}");
    let fetched = fixture.sandbox.requests().iter().filter(|request| request.path.contains("/download/")).count();
    assert_eq!(fetched, 0);
}

#[tokio::test]
async fn upload_source_is_compared_with_the_dataset_by_size() {
    let server = dataset(&["a", "bb", "c/d", "missing"]).await;
    let root = tempfile::tempdir().unwrap();
    let source = root.path().join("source");
    std::fs::create_dir_all(source.join("c")).unwrap();
    for (name, text) in [("a", "a"), ("bb", "xx"), ("c/d", "longer"), ("only here", "x")] {
        std::fs::write(source.join(name), text).unwrap();
    }
    let transfers = server.transfers(&root.path().join("state"));
    let download = transfers.download_dataset("o", "s").to_folder(&source);
    let comparison = download.verify().await.unwrap();
    assert_eq!(comparison.same_size, ["a", "bb"]);
    assert_eq!((comparison.missing, comparison.extra), (vec!["missing".to_owned()], vec!["only here".to_owned()]));
    assert_eq!(comparison.different, [("c/d".to_owned(), Difference::Size { source: 3, target: 6 })]);
    assert!(server.requests("/files/").iter().all(|request| request.range() == Some((0, 1))), "one byte of each");

    let comparison = download.compare(CompareBy::Hash).verify().await.unwrap();
    assert_eq!(comparison.same, ["a"]);
    let different: Vec<_> = comparison.different.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(different, ["bb", "c/d"]);
}

#[tokio::test]
async fn missing_folder_cannot_be_verified() {
    let fixture = Fixture::new().await;
    let missing = fixture.root.path().join("nowhere");
    let download = fixture.transfers.download_revision("harbor-vision/maps@main").to_folder(&missing);
    assert_eq!(download.verify().await.unwrap_err().kind(), ErrorKind::Target);
    assert!(!missing.exists());
}
