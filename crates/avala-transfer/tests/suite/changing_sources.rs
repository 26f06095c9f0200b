//! Files that change, grow, shrink, disappear or become something else at every moment of an upload.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use avala_client::Avala;
use avala_client::transport::{Body, RateLimiter};
use avala_transfer::{DatasetUpload, ErrorKind, RecordingUpload, Transfers};
use http::Request;

use crate::fake::world::World;
use crate::support::{content, folder};

type Change = fn(&Path);

/// Changes of a file. The last one overwrites bytes in place and restores the times.
const CHANGES: &[(&str, Change)] = &[
    ("grows", |path| OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap()),
    ("shrinks", |path| OpenOptions::new().write(true).open(path).unwrap().set_len(5).unwrap()),
    ("is emptied", |path| drop(fs::File::create(path).unwrap())),
    ("disappears", |path| fs::remove_file(path).unwrap()),
    ("becomes a folder", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("becomes another file", |path| {
        let other = path.with_extension("other");
        fs::write(&other, content(30_000, 77)).unwrap();
        fs::rename(other, path).unwrap();
    }),
    #[cfg(unix)]
    ("becomes a link", |path| {
        fs::rename(path, path.with_extension("moved")).unwrap();
        std::os::unix::fs::symlink(path.with_extension("moved"), path).unwrap();
    }),
    #[cfg(unix)]
    ("becomes a pipe", |path| {
        fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
    ("is overwritten in place", |path| {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        let mut file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all(b"!").unwrap();
        file.set_modified(modified).unwrap();
    }),
];

/// Moments of an upload: after a number of requests of a kind.
const MOMENTS: &[(&str, &str, usize)] = &[
    ("before the file is opened", "GET /api/v1/users/me/", 1),
    ("before it is read", "PUT /__u__%3D/u1/set/b.jpg", 1),
    ("when all files are sent", "/complete/", 3),
];

/// Runs `change` when the `nth` request contains `on`.
fn transfers(
    world: &World,
    state: &Path,
    (on, nth): (&'static str, usize),
    change: impl Fn() + Send + Sync + 'static,
) -> Transfers {
    let seen = AtomicUsize::new(0);
    let hook = Arc::new(move |request: &Request<Body>| {
        let line = format!("{} {}", request.method(), request.uri().path());
        if line.contains(on) && seen.fetch_add(1, SeqCst) + 1 == nth {
            change();
        }
    });
    let (api, storage) = (world.clone(), world.clone());
    let api_hook = hook.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        api_hook(&request);
        let world = api.clone();
        async move { world.api(request).await }
    });
    let avala = Avala::builder().api_key("avk_test").rate_limiter(RateLimiter::off()).service(service).build().unwrap();
    let builder = Transfers::builder(avala).state_folder(state).max_uploads(1);
    let builder = builder.storage_connections(move |connections| {
        let (world, hook) = (storage.clone(), hook.clone());
        connections.service(tower::service_fn(move |request: Request<Body>| {
            hook(&request);
            let world = world.clone();
            async move { world.storage(request).await }
        }))
    });
    builder.build().unwrap()
}

#[tokio::test]
async fn change_at_any_moment_is_found_before_the_dataset_exists() {
    for (moment, on, nth) in MOMENTS {
        for (what, change) in CHANGES {
            // Before the file is opened, the change is not noticed; after it was confirmed, it is not read again.
            if *what == "is overwritten in place" && *moment != "before it is read" {
                continue;
            }
            let world = World::new();
            let source = folder(&[("a.jpg", b"a"), ("b.jpg", &content(30_000, 1)), ("c.jpg", b"c")]);
            let state = tempfile::tempdir().unwrap();
            let path = source.path().join("b.jpg");
            let changed = path.clone();
            let transfers = transfers(&world, state.path(), (on, *nth), move || change(&changed));
            let upload = DatasetUpload::new("set", "set").source(source.path());
            let result = transfers.upload_dataset(upload.clone()).await;
            let error = result.expect_err(&format!("{what} {moment}"));
            assert_eq!(error.kind(), ErrorKind::SourceChanged, "{what} {moment}: {error}");
            assert_eq!(error.subject(), Some("b.jpg"), "{what} {moment}: {error}");
            assert!(world.state().datasets.is_empty(), "{what} {moment}");
            let others = world.state().objects.keys().filter(|key| !key.ends_with("b.jpg")).count();
            assert_eq!(others, 2, "{what} {moment}: the other files are sent");

            // The remedy of the error: correct the file, and start a new batch with another name.
            drop(fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)));
            for extra in ["other", "moved"] {
                drop(fs::remove_file(path.with_extension(extra)));
            }
            fs::write(&path, content(30_000, 2)).unwrap();
            let again = DatasetUpload::new("set 2", "set-2").source(source.path());
            let report = transfers.upload_dataset(again).await.unwrap();
            assert_eq!(report.dataset.unwrap().item_count, 3, "{what} {moment}");
        }
    }
}

/// Moments of a recording's upload. The last one is after the storage has all files, and the API knows it.
const RECORDING_MOMENTS: &[(&str, &str, usize)] = &[
    ("before the file is opened", "GET /api/v1/users/me/", 1),
    ("before it is read", "/b.jpg", 1),
    ("when all files are sent", "/upload/confirm/", 1),
];

#[tokio::test]
async fn change_of_a_recording_is_found_before_it_is_finalized() {
    for (moment, on, nth) in RECORDING_MOMENTS {
        for (what, change) in CHANGES {
            // Before the file is opened, this is only another content.
            if *what == "is overwritten in place" && *moment == "before the file is opened" {
                continue;
            }
            let world = World::new();
            let source = folder(&[("a.jpg", b"a"), ("b.jpg", &content(30_000, 1)), ("c.jpg", b"c")]);
            let state = tempfile::tempdir().unwrap();
            let path = source.path().join("b.jpg");
            let transfers = transfers(&world, state.path(), (on, *nth), move || change(&path));
            let upload = || RecordingUpload::new("11111111-1111-4111-8111-111111111111", source.path());
            let error = transfers.upload_recording(upload()).await.expect_err(&format!("{what} {moment}"));
            assert_eq!(error.kind(), ErrorKind::SourceChanged, "{what} {moment}: {error}");
            assert_eq!(error.subject(), Some("b.jpg"), "{what} {moment}: {error}");
            assert_eq!(world.count("/finalize/"), 0, "{what} {moment}");
            // The session belongs to the first bytes: another content never completes it.
            drop(transfers.upload_recording(upload()).await.map_err(|error| error.kind()));
            let stored = world.state().objects.iter().find(|(key, _)| key.ends_with("/b.jpg")).map(|(_, b)| b.clone());
            let local = source.path().join("b.jpg");
            let is_whole = local.is_file() && fs::read(local).ok() == stored;
            assert!(world.count("/finalize/") == 0 || is_whole, "{what} {moment}");
        }
    }
}
