//! Downloads of datasets and sequences to folders: names, links, collisions and second runs.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use avala_transfer::{ErrorKind, NameProbe, NameRules, OnFailure};
use serde_json::json;

use crate::download_support::{Request, Response, Server, files, origin, serve};

/// Serves a dataset of files with two items per page. The content of each file is its name.
pub(crate) async fn dataset(names: &[&str]) -> Server {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Server::start(move |request| respond(&names, request)).await
}

fn respond(names: &[String], request: &Request) -> Response {
    let origin = origin(request);
    let item = |index: usize| json!({"uid": format!("i{index}"), "key": names[index], "url": format!("{origin}/files/{index}")});
    if let Some(index) = request.path().strip_prefix("/files/") {
        let name = &names[index.parse::<usize>().unwrap()];
        return serve(request, name.as_bytes(), Some("\"v1\""));
    }
    let path =
        request.path().strip_prefix("/api/v1/datasets/o/s/items/").unwrap_or_else(|| panic!("{}", request.target));
    if let Some(index) = path.strip_prefix('i').and_then(|rest| rest.strip_suffix('/')) {
        return Response::json(&item(index.parse().unwrap()));
    }
    let start: usize = request
        .target
        .split_once("cursor=")
        .map_or(0, |(_, cursor)| cursor.split('&').next().unwrap().parse().unwrap());
    let end = names.len().min(start + 2);
    let next = (end < names.len()).then(|| format!("{origin}/api/v1/datasets/o/s/items/?cursor={end}&limit=100"));
    Response::json(&json!({"results": (start..end).map(item).collect::<Vec<_>>(), "next": next, "previous": null}))
}

/// Returns every file and its content.
pub(crate) fn read(folder: &Path) -> BTreeMap<String, String> {
    let read = |name: String| (name.clone(), std::fs::read_to_string(folder.join(&name)).unwrap());
    files(folder).into_iter().map(read).collect()
}

#[tokio::test]
async fn every_item_is_written_to_its_path() {
    let longest = "x".repeat(255);
    let wide = format!("{}/{}", "日".repeat(85), "本".repeat(85));
    let names = ["a.bin", "b/c.bin", "b/d/e", &longest, &wide, "A.bin", "\u{e9}", "e\u{301}", ".hidden", "a b"];
    let server = dataset(&names).await;
    let root = tempfile::tempdir().unwrap();
    let (state, target) = (root.path().join("state"), root.path().join("out"));
    let transfers = server.transfers(&state);
    let report = transfers.download_dataset("o", "s").to_folder(&target).await.unwrap();
    assert_eq!(report.transferred(), names.len());
    let expected: BTreeMap<_, _> = names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
    assert_eq!(read(&target), expected);
    // One call per page, and none per file.
    assert_eq!(server.requests("/api/").len(), names.len() / 2);

    // A second run transfers nothing.
    let before = server.requests("/files/").len();
    let report = transfers.download_dataset("o", "s").to_folder(&target).await.unwrap();
    assert_eq!((report.transferred(), report.skipped()), (0, names.len()));
    assert_eq!(server.requests("/files/").len(), before);
}

#[tokio::test]
async fn unsafe_names_fail_and_other_files_are_written() {
    let too_long = "x".repeat(256);
    let names = [
        "good",
        "a/../../x",
        "../y",
        "/etc/z",
        "l/inside",
        "d/l2/deep",
        "w\\v",
        "n\u{7}",
        &too_long,
        ".avala-x.part",
        "also/good",
    ];
    let server = dataset(&names).await;
    let root = tempfile::tempdir().unwrap();
    let (target, outside) = (root.path().join("out"), root.path().join("outside"));
    std::fs::create_dir_all(target.join("d")).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    symlink(&outside, target.join("l")).unwrap();
    symlink("../../outside", target.join("d/l2")).unwrap();
    let transfers = server.transfers(&root.path().join("state"));

    let plan = transfers.download_dataset("o", "s").to_folder(&target).plan().await.unwrap();
    let rejected: Vec<_> = plan.rejected.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(rejected, &names[1..names.len() - 1]);
    assert_eq!(server.requests("/files/").len(), 0, "a plan fetches nothing");

    let report = transfers.download_dataset("o", "s").to_folder(&target).await.unwrap();
    let failed: Vec<_> = report.failed().map(|(name, error)| (name, error.kind())).collect();
    let expected: Vec<_> = names[1..names.len() - 1].iter().map(|name| (*name, ErrorKind::Target)).collect();
    assert_eq!(failed, expected);
    for (name, error) in report.failed() {
        let start: String = name.chars().take_while(char::is_ascii_graphic).take(20).collect();
        assert!(error.to_string().contains(start.trim_matches('\\')), "{error}");
    }
    assert_eq!(files(&outside), [] as [&str; 0]);
    assert_eq!(report.transferred(), 2);
    assert_eq!(std::fs::read_to_string(target.join("also/good")).unwrap(), "also/good");
    let around: Vec<_> = std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(around.len(), 3, "{around:?}");
}

#[derive(Debug)]
struct Rules(NameRules);

impl NameProbe for Rules {
    fn probe(&self, _folder: &Path) -> std::io::Result<NameRules> {
        Ok(self.0)
    }
}

#[tokio::test]
async fn names_that_collide_on_the_target_are_in_the_plan() {
    let names = ["A.bin", "a.bin", "other", "\u{e9}", "e\u{301}", "file", "file/below"];
    let server = dataset(&names).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    std::fs::create_dir(&target).unwrap();
    let transfers = server.transfers(&root.path().join("state"));
    let download = |rules| transfers.download_dataset("o", "s").to_folder(&target).name_probe(Rules(rules));
    let neither = NameRules { case: false, unicode_forms: false };

    let plan = download(neither).plan().await.unwrap();
    let pairs: Vec<_> = plan.collisions.iter().map(|pair| (pair.first.as_str(), pair.second.as_str())).collect();
    assert_eq!(pairs, [("A.bin", "a.bin"), ("\u{e9}", "e\u{301}"), ("file", "file/below")]);
    assert_eq!(plan.files, ["other"]);
    assert_eq!(server.requests("/files/").len(), 0);

    let report = download(neither).await.unwrap();
    assert_eq!((report.transferred(), report.failed().count()), (1, 6));
    assert_eq!(files(&target), ["other"], "nothing is renamed or overwritten");

    let report = download(NameRules::EXACT).await.unwrap();
    assert_eq!(report.failed().map(|(name, _)| name).collect::<Vec<_>>(), ["file", "file/below"]);
}

#[tokio::test]
async fn expired_urls_of_a_page_are_signed_again_together() {
    let lists = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&lists);
    let server = Server::start(move |request| match request.path() {
        "/api/v1/datasets/o/s/items/" => {
            let number = counter.fetch_add(1, SeqCst);
            let url = |name: &str| format!("{}/files/{number}/{name}", origin(request));
            let item = |name: &str| json!({"uid": name, "key": name, "url": url(name)});
            Response::json(&json!({"results": [item("a"), item("b"), item("c")], "next": null}))
        }
        // URLs of the first list have expired.
        path => match path.strip_prefix("/files/1/") {
            Some(name) => serve(request, name.as_bytes(), Some("\"v1\"")),
            None => Response::new(403),
        },
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    let transfers = server.transfers(&root.path().join("state"));
    let report = transfers.download_dataset("o", "s").to_folder(&target).await.unwrap();
    assert_eq!((report.transferred(), lists.load(SeqCst)), (3, 2));
    assert_eq!(read(&target), ["a", "b", "c"].map(|name| (name.to_owned(), name.to_owned())).into());
}

#[tokio::test]
async fn large_dataset_reads_pages_again_and_no_single_item() {
    // Pages have two items here, and the URLs of 16 pages are kept.
    let names: Vec<String> = (0..44).map(|number| format!("f{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let server = dataset(&names).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    let transfers = server.transfers(&root.path().join("state"));
    let plan = transfers.download_dataset("o", "s").to_folder(&target).plan().await.unwrap();
    assert_eq!(plan.api_calls, 22 + 6);
    let before = server.requests("/api/").len();
    let report = transfers.download_dataset("o", "s").to_folder(&target).await.unwrap();
    assert_eq!(report.transferred(), 44);
    assert_eq!(server.requests("/api/").len() - before, 22 + 6, "the plan is exact");
    assert!(read(&target).iter().all(|(name, text)| name == text));
}

#[tokio::test]
async fn frames_of_a_sequence_are_signed_again_together() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reads);
    let server = Server::start(move |request| {
        if request.path() == "/api/v1/datasets/o/s/sequences/q/" {
            let number = counter.fetch_add(1, SeqCst);
            let url = |name: &str| format!("{}/files/{number}/{name}", origin(request));
            let frames = json!([
                {"key": "lidar/0.pcd", "asset_url": url("0.pcd"), "image_urls": [url("a.jpg"), url("b.jpg")]},
                {"images": [{"image_url": url("c.png")}]},
            ]);
            return Response::json(&json!({"uid": "q", "frames": frames}));
        }
        // URLs of the first reading have expired.
        match request.path().strip_prefix("/files/1/") {
            Some(name) => serve(request, name.as_bytes(), None),
            None => Response::new(403),
        }
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    let transfers = server.transfers(&root.path().join("state"));
    let report = transfers.download_sequence("o", "s", "q").to_folder(&target).await.unwrap();
    assert_eq!((report.transferred(), reads.load(SeqCst)), (4, 2));
    let expected = [
        ("000000/camera-0.jpg", "a.jpg"),
        ("000000/camera-1.jpg", "b.jpg"),
        ("000001/camera-0.png", "c.png"),
        ("lidar/0.pcd", "0.pcd"),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    assert_eq!(read(&target), expected);
}

#[tokio::test]
async fn failed_files_are_the_input_of_the_next_run() {
    let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
    let fails = Arc::new(AtomicUsize::new(1));
    let switch = Arc::clone(&fails);
    let server = Server::start(move |request| match request.path() {
        "/files/1" if switch.load(SeqCst) == 1 => Response::new(404),
        _ => respond(&names, request),
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    let transfers = server.transfers(&root.path().join("state"));
    let stopped = transfers.download_dataset("o", "s").to_folder(&target).on_failure(OnFailure::Stop).await;
    let error = stopped.unwrap_err();
    assert_eq!(error.subject(), Some("b"));
    assert!(error.report().unwrap().unfinished().any(|name| name == "b"), "the report says what is left");
    let report = transfers.download_dataset("o", "s").to_folder(&target).await.unwrap();
    let list = report.unfinished().collect::<Vec<_>>().join("\n");
    assert_eq!(list, "b");
    fails.store(0, SeqCst);
    let filter = avala_transfer::Filter::new().only_lines(&list);
    let report = transfers.download_dataset("o", "s").to_folder(&target).filter(filter).await.unwrap();
    assert_eq!((report.files.len(), report.transferred()), (1, 1));
    assert_eq!(files(&target), ["a", "b", "c"]);
}

#[tokio::test]
async fn plan_counts_calls_and_bytes() {
    let names: Vec<String> = (0..7).map(|number| format!("f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let server = dataset(&names).await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    let transfers = server.transfers(&root.path().join("state"));
    let plan = transfers.download_dataset("o", "s").to_folder(&target).plan().await.unwrap();
    assert_eq!((plan.files.len(), plan.unknown_sizes, plan.api_calls), (7, 7, 4));
    assert!(!target.exists(), "a plan creates nothing");
    let before = server.requests("/api/").len();
    transfers.download_dataset("o", "s").to_folder(&target).await.unwrap();
    assert_eq!(server.requests("/api/").len() - before, 4, "the plan is exact");
}

#[tokio::test]
async fn temporary_file_of_a_removed_object_is_deleted() {
    let bytes = crate::download_support::content(16 << 20, 1);
    let is_gone = Arc::new(AtomicUsize::new(0));
    let gone = Arc::clone(&is_gone);
    let server = Server::start(move |request| {
        if request.path() == "/files/large" {
            return serve(request, &bytes, Some("\"v1\""));
        }
        let names = if gone.load(SeqCst) == 1 { vec![] } else { vec!["large"] };
        let item = |name| json!({"uid": name, "key": name, "url": format!("{}/files/{name}", origin(request))});
        let items: Vec<_> = names.into_iter().map(item).collect();
        Response::json(&json!({"results": items, "next": null, "previous": null}))
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out");
    let transfers = server.transfers(&root.path().join("state"));
    let download = || transfers.download_dataset("o", "s").to_folder(&target);
    download().max_bytes(10 << 20).await.unwrap_err();
    assert_eq!(files(&target).len(), 1, "what arrived is kept");
    // A run whose filter excludes the object keeps the file too.
    download().filter(avala_transfer::Filter::new().include("other")).await.unwrap();
    assert_eq!(files(&target).len(), 1);
    is_gone.store(1, SeqCst);
    download().await.unwrap();
    assert_eq!(files(&target), [] as [&str; 0]);
}
