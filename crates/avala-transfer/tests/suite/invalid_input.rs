//! Invalid input of uploads and of the state folder: an error that names what is wrong and what to do, and everything
//! else still resumable.
//!
//! | Input | Tests |
//! |---|---|
//! | names from the API with `..`, absolute, with control characters, too long, reserved | `download_folders::unsafe_names_fail_and_other_files_are_written` |
//! | names that collide by case or Unicode form, a file and a folder of one name | `download_folders::names_that_collide_on_the_target_are_in_the_plan` |
//! | links inside the target | `download_folders::unsafe_names_fail_and_other_files_are_written`, `sync_folders::links_are_neither_followed_nor_deleted` |
//! | own files inside the target | `own_files::*` |
//! | names of 255 bytes, in many scripts, with dots and spaces at their end | `hard_names::*`, `odd_names_are_uploaded_unchanged` |
//! | names that cannot be uploaded | `hard_names::names_with_invalid_or_control_characters_are_refused` |
//! | an empty folder, no file of a known type, several types | `sources_without_files_are_refused` |
//! | a missing permission, a missing file | `unreadable_sources_are_refused` |
//! | a name that the API rejects | `name_that_the_api_rejects_fails_only_its_file` |
//! | links, links out of the tree, devices, pipes, sockets | `sources_other_than_files_are_refused` |
//! | files that change, shrink, become folders, links or pipes | `changing_sources::*`, and the unit tests of `source/open.rs` |
//! | a state file that is truncated, newer, of another transfer, or a link; an unusable state folder | `unusable_state_files_are_refused`, `unusable_state_folders_are_refused` |
//! | changing part sizes | `changed_part_size_is_refused` |
//! | invalid responses of the API | `dataset_cases::invalid_responses_are_refused`, `recording_plain::invalid_responses_are_refused` |
//! | a grant for another object or place | `recording_managed::*`, the unit tests of `managed/grant.rs`, and the tests of public grants in avala-types |
//! | a body that is longer or shorter than announced, a wrong hash | `public_revisions::longer_and_shorter_bodies_are_rejected`, `public_revisions::damaged_bytes_are_fetched_again_and_never_published` |
//! | responses without a range, with several ranges, or compressed | `download_exports::*`, `odd_responses::*` |
//! | a full disk, a read-only disk | `full_disks::*` |
//! | a clock that is wrong or jumps | `jumping_clock::*` |

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use avala_transfer::{DatasetUpload, Error, ErrorKind};
use serde_json::json;

use crate::fake::world::{Effect, World};
use crate::support::{content, folder, write};

fn upload(source: &Path) -> DatasetUpload {
    DatasetUpload::new("set", "set").source(source)
}

/// Uploads to a new server; the upload has to fail before the first byte.
async fn refused(upload: DatasetUpload) -> Error {
    let world = World::new();
    let state = tempfile::tempdir().unwrap();
    let error = world.transfers(state.path()).build().unwrap().upload_dataset(upload).await.unwrap_err();
    assert!(world.state().puts.is_empty() && world.state().datasets.is_empty(), "{error}");
    assert!(error.help_text().is_some_and(|help| !help.is_empty()), "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
    error
}

fn fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test(start_paused = true)]
async fn sources_without_files_are_refused() {
    let empty = folder(&[]);
    fs::create_dir_all(empty.path().join("only/folders")).unwrap();
    let hidden = folder(&[(".a.jpg", b"a")]);
    let unknown = folder(&[("a.xyz", b"a")]);
    let several = folder(&[("a.jpg", b"a"), ("b.mp4", b"b")]);
    for (upload, part) in [
        (upload(empty.path()), "file"),
        (upload(hidden.path()).skip_hidden(true), "file"),
        (upload(unknown.path()), "type"),
        (upload(several.path()), "type"),
        (upload(several.path()).data_type("lidar"), "lidar"),
        (DatasetUpload::new("set", "set"), "source"),
    ] {
        let error = refused(upload).await;
        assert!(matches!(error.kind(), ErrorKind::Source | ErrorKind::Configuration), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn unreadable_sources_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let error = refused(upload(&root.path().join("nowhere"))).await;
    assert_eq!(error.kind(), ErrorKind::Source);
    assert!(error.subject().unwrap().ends_with("nowhere"), "{error}");
    // Root reads everything.
    let source = folder(&[("a.jpg", b"a"), ("secret/b.jpg", b"b")]);
    let secret = source.path().join("secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&secret).is_err() {
        let error = refused(upload(source.path())).await;
        assert_eq!(error.kind(), ErrorKind::Source);
        assert!(error.to_string().contains("permission denied"), "{error}");
        assert!(error.subject().unwrap().ends_with("secret"), "{error}");
    } else {
        println!("skipped: a folder without permission, because this user reads every folder");
    }
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn sources_other_than_files_are_refused() {
    let outside = folder(&[("secret.jpg", b"secret"), ("inside/x.jpg", b"x")]);
    type Make = fn(&Path, &Path);
    let table: [(&str, bool, Make); 9] = [
        ("link.jpg", false, |at, outside| symlink(outside.join("secret.jpg"), at).unwrap()),
        ("folder.jpg", false, |at, outside| symlink(outside.join("inside"), at).unwrap()),
        ("folder.jpg", true, |at, outside| symlink(outside.join("inside"), at).unwrap()),
        ("dangling.jpg", true, |at, _| symlink("nowhere", at).unwrap()),
        ("loop.jpg", true, |at, _| symlink("loop.jpg", at).unwrap()),
        ("device.jpg", true, |at, _| symlink("/dev/zero", at).unwrap()),
        ("pipe.jpg", false, |at, _| fifo(at)),
        ("pipe.jpg", true, |at, _| fifo(at)),
        ("socket.jpg", false, |at, _| drop(std::os::unix::net::UnixListener::bind(at).unwrap())),
    ];
    for (name, follows, make) in table {
        let source = folder(&[("good.jpg", b"good")]);
        make(&source.path().join(name), outside.path());
        let error = refused(upload(source.path()).follow_links(follows)).await;
        assert_eq!(error.kind(), ErrorKind::Source, "{name}: {error}");
        assert!(error.subject().unwrap().ends_with(name), "{error}");
    }
    // A device as a source of its own.
    assert_eq!(refused(upload(Path::new("/dev/null"))).await.kind(), ErrorKind::Source);
    // If links are allowed, a link out of the tree is read as a file.
    let source = folder(&[]);
    symlink(outside.path().join("secret.jpg"), source.path().join("link.jpg")).unwrap();
    let world = World::new();
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(source.path()).follow_links(true)).await.unwrap();
    assert_eq!(world.state().objects["__u__=/u1/set/link.jpg"], b"secret");
}

#[tokio::test(start_paused = true)]
async fn odd_names_are_uploaded_unchanged() {
    let long = format!("{}.jpg", "x".repeat(251));
    let names = [
        "trailing dot.",
        "trailing space ",
        " leading space.jpg",
        "...",
        "CON",
        "aux.jpg",
        "NUL.jpg",
        "com1",
        "c:colon.jpg",
        "a\u{202e}gpj.exe",
        "zero\u{200b}width.jpg",
        "🚗.jpg",
        "%2e%2e%2fx.jpg",
        "empty.jpg",
        long.as_str(),
    ];
    let listed: Vec<(&str, &[u8])> =
        names.iter().map(|name| (*name, if *name == "empty.jpg" { &b""[..] } else { name.as_bytes() })).collect();
    let source = folder(&listed);
    let world = World::new();
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    let report = transfers.upload_dataset(upload(source.path()).data_type("image")).await.unwrap();
    assert_eq!(report.files.transferred(), names.len());
    for (name, bytes) in listed {
        assert_eq!(world.state().objects[&format!("__u__=/u1/set/{name}")], bytes, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_and_dataset_names_that_no_storage_takes_are_refused() {
    // The key is `__u__=/u1/set/` and the path: 14 bytes, and four folders of 200 bytes.
    let path = |bytes: usize| format!("{0}/{0}/{0}/{0}/{1}.jpg", "x".repeat(199), "y".repeat(bytes - 804));
    let (longest, too_long) = (path(1_010), path(1_011));
    let world = World::new();
    let (source, state) = (folder(&[(&longest, b"a")]), tempfile::tempdir().unwrap());
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(source.path())).await.unwrap();
    assert_eq!(world.state().objects.keys().map(String::len).max(), Some(1_024));

    let source = folder(&[("a.jpg", b"a"), (&too_long, b"b")]);
    let error = refused(upload(source.path())).await;
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Source, Some(too_long.as_str())), "{error}");
    assert!(error.to_string().contains("1025 bytes"), "{error}");
    let plan = transfers.upload_dataset(upload(source.path())).plan().await;
    assert_eq!(plan.unwrap_err().kind(), ErrorKind::Source);

    let source = folder(&[("a.jpg", b"a")]);
    for name in ["a\\b", "a\nb", "../set", "a/./b", "a//b", "/a", "a/", " ", "", "\u{7f}"] {
        let upload = DatasetUpload::new(name, "set").source(source.path());
        let error = refused(upload).await;
        assert_eq!(error.kind(), ErrorKind::Configuration, "{name:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn name_that_the_api_rejects_fails_alone() {
    let world = World::new();
    // The second file gets the response, because files are sent one at a time, in order.
    let source = folder(&[("a.jpg", b"a"), ("b.jpg", b"b"), ("c.jpg", b"c")]);
    let state = tempfile::tempdir().unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    world.fault("file-upload-url", 1, Effect::Status(400, vec![]));
    let error = transfers.upload_dataset(upload(source.path())).await.unwrap_err();
    assert_eq!((error.kind(), error.api_error().is_some()), (ErrorKind::Api, false), "{error}");
    let report = error.report().unwrap();
    let failed: Vec<_> = report.failed().map(|(name, error)| (name.to_owned(), error.status())).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].1.map(|status| status.as_u16()), Some(400));
    assert_eq!((report.transferred(), error.subject()), (2, Some(failed[0].0.as_str())));
    assert_eq!(world.count("POST /datasets/manual-upload/ "), 0);
    let report = transfers.upload_dataset(upload(source.path())).await.unwrap();
    assert_eq!((report.files.transferred(), report.files.skipped()), (1, 2));
}

/// Returns the journal of an upload that can be continued.
async fn interrupted(world: &World, state: &Path, source: &Path) -> std::path::PathBuf {
    world.fault("/complete/", 999, Effect::Status(503, vec![]));
    let transfers = world.transfers(state).build().unwrap();
    transfers.upload_dataset(upload(source)).await.unwrap_err();
    world.state().faults.clear();
    let entries = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "journal")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn unusable_state_files_are_refused() {
    let source = folder(&[("a.jpg", b"a")]);
    type Damage = fn(&str) -> Vec<u8>;
    let table: [(&str, ErrorKind, Damage); 7] = [
        ("newer", ErrorKind::State, |text| text.replacen("\"version\":1", "\"version\":2", 1).into()),
        ("another format", ErrorKind::State, |text| text.replacen("avala-transfer", "avala-other", 1).into()),
        ("another destination", ErrorKind::State, |text| {
            let key = text.split("\"key\":\"").nth(1).unwrap()[..64].to_owned();
            text.replacen(&key, &"0".repeat(64), 1).into()
        }),
        ("a line in the middle", ErrorKind::State, |text| text.replacen('\n', "\n{\"unknown\":1}\n", 1).into()),
        ("no text", ErrorKind::State, |_| vec![0xff, 0xfe, b'\n']),
        ("empty", ErrorKind::State, |_| Vec::new()),
        ("a line without end", ErrorKind::State, |_| vec![b'x'; 1 << 20]),
    ];
    for (what, kind, damage) in table {
        let world = World::new();
        let state = tempfile::tempdir().unwrap();
        let journal = interrupted(&world, state.path(), source.path()).await;
        let text = fs::read_to_string(&journal).unwrap();
        let damaged = damage(&text);
        fs::write(&journal, &damaged).unwrap();
        let transfers = world.transfers(state.path()).build().unwrap();
        for _ in 0..2 {
            let error = transfers.upload_dataset(upload(source.path())).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{what}: {error}");
            let name = journal.file_name().unwrap().to_str().unwrap();
            assert!(error.to_string().contains(name), "{what}: {error}");
            assert!(error.help_text().is_some(), "{what}: {error}");
            assert_eq!(
                transfers.upload_dataset(upload(source.path())).plan().await.unwrap_err().kind(),
                kind,
                "{what}"
            );
        }
        assert_eq!(fs::read(&journal).unwrap(), damaged, "{what}: it is never replaced");
        // Another destination is not affected, and the restored state is continued.
        let other = DatasetUpload::new("other", "other").source(source.path());
        transfers.upload_dataset(other).await.unwrap();
        fs::write(&journal, text).unwrap();
        transfers.upload_dataset(upload(source.path())).await.unwrap();
        assert_eq!(world.state().puts.iter().filter(|put| put.key.contains("/set/")).count(), 1, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn incomplete_last_line_of_a_state_file_is_dropped() {
    let source = folder(&[("a.jpg", b"a")]);
    let world = World::new();
    let state = tempfile::tempdir().unwrap();
    let journal = interrupted(&world, state.path(), source.path()).await;
    let mut text = fs::read(&journal).unwrap();
    text.extend(b"{\"stored\":{\"path\":\"a.j");
    fs::write(&journal, text).unwrap();
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(source.path())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn links_in_the_state_folder_are_not_followed() {
    let source = folder(&[("a.jpg", b"a")]);
    for extension in ["journal", "lock"] {
        let world = World::new();
        let (state, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = interrupted(&world, state.path(), source.path()).await;
        let (file, victim) = (journal.with_extension(extension), outside.path().join("victim"));
        fs::write(&victim, "precious").unwrap();
        fs::remove_file(&file).unwrap();
        symlink(&victim, &file).unwrap();
        let transfers = world.transfers(state.path()).build().unwrap();
        let error = transfers.upload_dataset(upload(source.path())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.to_string().contains("it is a link") && error.help_text().is_some(), "{error}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{extension}");
    }
}

#[tokio::test(start_paused = true)]
async fn unusable_state_folders_are_refused() {
    let source = folder(&[("a.jpg", b"a")]);
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "file", b"x");
    symlink("nowhere", root.path().join("dangling")).unwrap();
    for (path, part) in [("file", "not a folder"), ("file/below", "not a folder"), ("dangling", "not a folder")] {
        let world = World::new();
        let state = root.path().join(path);
        let transfers = world.transfers(&state).build().unwrap();
        let error = transfers.upload_dataset(upload(source.path())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{path}: {error}");
        assert!(error.to_string().contains(part) && error.subject().unwrap().ends_with(path), "{path}: {error}");
        assert!(error.help_text().is_some() && world.state().puts.is_empty(), "{path}: {error}");
    }
    // A link to a folder is that folder, with one lock and one state.
    let world = World::new();
    let (state, link) = (root.path().join("new/state"), root.path().join("link"));
    let transfers = world.transfers(&state).build().unwrap();
    transfers.upload_dataset(upload(source.path()).without_creation()).await.unwrap();
    symlink(&state, &link).unwrap();
    let transfers = world.transfers(&link).build().unwrap();
    let report = transfers.upload_dataset(upload(source.path())).await.unwrap();
    assert_eq!(report.files.skipped(), 1);
    let mode = fs::metadata(&state).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    // As a source, it is refused with every spelling.
    let upload = DatasetUpload::new("state", "state").source(root.path().join("new")).data_type("image");
    let error = transfers.upload_dataset(upload).await.unwrap_err();
    assert!(error.to_string().contains("state folder"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn changed_part_size_is_refused() {
    fn other_parts(value: &mut serde_json::Value) {
        value["part_size"] = json!(6 << 20);
    }
    let world = World::new();
    let source = folder(&[("a.mcap", &content(9 << 20, 1)), ("b.mcap", b"b")]);
    let state = tempfile::tempdir().unwrap();
    world.fault("/complete/", 999, Effect::Status(503, vec![]));
    let transfers = world.transfers(state.path()).build().unwrap();
    transfers.upload_dataset(upload(source.path())).await.unwrap_err();
    world.state().faults.clear();
    let puts = world.state().puts.len();
    world.fault("file-upload-url", 99, Effect::Replace(other_parts));
    let error = transfers.upload_dataset(upload(source.path())).await.unwrap_err();
    assert_eq!(error.report().unwrap().failed().count(), 1, "{error}");
    let (name, error) = error.report().unwrap().failed().next().unwrap();
    assert_eq!((name, error.kind()), ("a.mcap", ErrorKind::Protocol));
    assert!(error.to_string().contains("part size"), "{error}");
    assert_eq!(world.state().puts.len(), puts, "nothing is sent to parts of another size");
    world.state().faults.clear();
    transfers.upload_dataset(upload(source.path())).await.unwrap();
    assert_eq!(world.state().puts.len(), puts);
}
