//! Exports to files and writers, from faulty servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use avala_transfer::{BandwidthLimit, ErrorKind, Event, FileOutcome, MemoryBudget};

use crate::download_support::{Request, Response, Server, content, export, files, origin, serve};

const MIB: usize = 1 << 20;

/// Serves an export; `file` responds to requests for its file.
pub(crate) async fn server(file: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Server {
    Server::start(move |request| export(request, &origin(request)).unwrap_or_else(|| file(request))).await
}

/// Downloads the export of a server to a file, and returns the content of the file if there is one.
pub(crate) async fn download(server: &Server) -> (Result<(), avala_transfer::Error>, Option<Vec<u8>>) {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let result = server.transfers(&root.path().join("state")).download_export("e1").to_file(&target).await;
    let names = files(root.path());
    let temporary = names.iter().any(|name| name.ends_with(".part"));
    assert!(result.is_err() || !temporary, "{names:?}");
    (result.map(|_| ()), std::fs::read(&target).ok())
}

#[tokio::test]
async fn large_export_is_fetched_in_ranges_of_one_version() {
    let bytes = content(48 * MIB + 17, 1);
    let expected = bytes.clone();
    let server = server(move |request| serve(request, &bytes, Some("\"v1\""))).await;
    let (result, file) = download(&server).await;
    result.unwrap();
    assert!(file.unwrap() == expected);
    let requests = server.requests("/files/");
    assert!(requests.len() > 4 && server.most_at_once() > 1, "{} requests", requests.len());
    assert!(requests.iter().skip(1).all(|request| request.header("if-range") == Some("\"v1\"")));
    assert!(requests.iter().all(|request| request.method == "GET" && request.range().is_some()));
}

#[tokio::test]
async fn storage_receives_no_credentials() {
    let server = server(move |request| {
        let has_credentials =
            ["authorization", "cookie", "x-avala-api-key"].iter().any(|name| request.header(name).is_some());
        if has_credentials { Response::new(400) } else { serve(request, b"{}", Some("\"v1\"")) }
    })
    .await;
    let (result, file) = download(&server).await;
    result.unwrap();
    assert_eq!(file.unwrap(), b"{}");
    assert!(server.requests("/api/").iter().all(|request| request.header("x-avala-api-key") == Some("avk_test")));
}

#[tokio::test]
async fn replaced_object_is_started_over_once() {
    let (old, new) = (content(64 * MIB, 3), content(64 * MIB, 4));
    let expected = new.clone();
    let count = Arc::new(AtomicUsize::new(0));
    let server = server(move |request| {
        let is_old = count.fetch_add(1, SeqCst) < 2;
        if is_old { serve(request, &old, Some("\"old\"")) } else { serve(request, &new, Some("\"new\"")) }
    })
    .await;
    let (result, file) = download(&server).await;
    result.unwrap();
    assert!(file.unwrap() == expected, "no byte of the old version");
    let requests = server.requests("/files/");
    let tags: Vec<_> = requests.iter().map(|request| request.header("if-range").unwrap_or("none")).collect();
    let last_old = tags.iter().rposition(|tag| *tag == "\"old\"").unwrap();
    let first_new = tags.iter().position(|tag| *tag == "\"new\"").unwrap();
    assert!(last_old < first_new, "{tags:?}");
}

#[tokio::test]
async fn object_that_changes_twice_is_an_error() {
    let count = Arc::new(AtomicUsize::new(0));
    let server = server(move |request| {
        let number = count.fetch_add(1, SeqCst) as u64;
        serve(request, &content(20 * MIB, number), Some(&format!("\"{number}\"")))
    })
    .await;
    let (result, file) = download(&server).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), file), (ErrorKind::RemoteChanged, None));
    assert!(error.to_string().contains("changed during the download"), "{error}");
}

#[tokio::test]
async fn weak_or_missing_tag_means_one_connection_from_zero() {
    for etag in [None, Some("W/\"v1\""), Some("\"unfinished"), Some("v1")] {
        let bytes = content(20 * MIB, 5);
        let expected = bytes.clone();
        let has_failed = AtomicUsize::new(0);
        let server = server(move |request| {
            let response = serve(request, &bytes, etag);
            let is_whole = request.range().is_none();
            if is_whole && has_failed.fetch_add(1, SeqCst) == 0 { response.cut_at(9 * MIB) } else { response }
        })
        .await;
        let (result, file) = download(&server).await;
        result.unwrap();
        assert!(file.unwrap() == expected, "{etag:?}");
        let requests = server.requests("/files/");
        assert!(requests.iter().skip(1).all(|request| request.range().is_none()), "{etag:?}");
        assert!(requests.len() >= 3, "{etag:?}");
    }
}

#[tokio::test]
async fn lost_connection_is_continued_with_a_strong_tag() {
    // The host ignores the first range, so there is one connection.
    let bytes = content(3 * MIB, 6);
    let expected = bytes.clone();
    let count = AtomicUsize::new(0);
    let server = server(move |request| match count.fetch_add(1, SeqCst) {
        0 => Response::new(200).header("etag", "\"v1\"").body(bytes.clone()).cut_at(2 * MIB),
        _ => serve(request, &bytes, Some("\"v1\"")),
    })
    .await;
    let (result, file) = download(&server).await;
    result.unwrap();
    assert!(file.unwrap() == expected);
    let requests = server.requests("/files/");
    let (start, end) = requests[1].range().unwrap();
    assert!(start > 0 && end == 3 * MIB, "{start}");
    assert_eq!(requests[1].header("if-range"), Some("\"v1\""));
}

#[tokio::test]
async fn expired_url_is_read_again_and_a_second_refusal_is_final() {
    let bytes = content(20 * MIB, 7);
    let expected = bytes.clone();
    let api_calls = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&api_calls);
    let server = Server::start(move |request| {
        if request.path().starts_with("/api/") {
            let number = calls.fetch_add(1, SeqCst);
            let url = format!("{}/files/{number}", origin(request));
            return Response::json(&serde_json::json!({"uid": "e1", "status": "completed", "download_url": url}));
        }
        // The first URL is valid for one request.
        let is_late = request.path() == "/files/0" && request.range().is_some_and(|(start, _)| start > 0);
        let expired = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
        if is_late { Response::new(403).body(expired) } else { serve(request, &bytes, Some("\"v1\"")) }
    })
    .await;
    let (result, file) = download(&server).await;
    result.unwrap();
    assert!(file.unwrap() == expected);
    assert_eq!(api_calls.load(SeqCst), 2);

    let refusing = self::server(|_| Response::new(403).body("<Error><Code>SignatureDoesNotMatch</Code></Error>")).await;
    let (result, _) = download(&refusing).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.status().map(|status| status.as_u16())), (ErrorKind::Storage, Some(403)));
    assert!(error.to_string().contains("SignatureDoesNotMatch"), "{error}");
    assert_eq!(refusing.requests("/files/").len(), 2);
}

#[tokio::test]
async fn export_is_waited_for_and_a_failed_one_is_an_error() {
    let polls = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        if !request.path().starts_with("/api/") {
            return serve(request, b"[]", None);
        }
        let status = if polls.fetch_add(1, SeqCst) == 0 { "processing" } else { "exported" };
        let url = format!("{}/files/e", origin(request));
        Response::json(&serde_json::json!({"uid": "e1", "status": status, "download_url": url}))
    })
    .await;
    let (result, file) = download(&server).await;
    result.unwrap();
    assert_eq!(file.unwrap(), b"[]");

    let failed = Server::start(|_| Response::json(&serde_json::json!({"uid": "e1", "status": "failed"}))).await;
    assert_eq!(download(&failed).await.0.unwrap_err().kind(), ErrorKind::Processing);
}

#[tokio::test]
async fn url_of_an_unknown_host_is_not_requested() {
    for url in [
        "https://evil.example/x?X-Amz-Signature=secret",
        "http://10.0.0.1/x",
        "https://s3-x-1.us-east-1.elb.amazonaws.com/x",
        "",
    ] {
        let body = serde_json::json!({"uid": "e1", "status": "exported", "download_url": url});
        let server = Server::start(move |_| Response::json(&body)).await;
        let error = download(&server).await.0.unwrap_err();
        let expected = if url.is_empty() { ErrorKind::Protocol } else { ErrorKind::StorageHost };
        assert_eq!(error.kind(), expected, "{url}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn redirect_of_a_storage_host_is_refused() {
    let server = server(|request| {
        let target = format!("{}/files/other", origin(request));
        if request.path() == "/files/e" {
            Response::new(302).header("location", &target)
        } else {
            serve(request, b"{}", None)
        }
    })
    .await;
    let error = download(&server).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
    assert_eq!(server.requests("/files/").len(), 1);
}

#[tokio::test]
async fn cut_file_of_unknown_length_fails_the_archive_test() {
    let whole = format!("{{\"items\": [{}1]}}", "1,".repeat(1000));
    let cut = whole[..whole.len() / 2].to_owned();
    let server = server(move |_| Response::new(200).without_length().body(cut.clone())).await;
    let (result, file) = download(&server).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), file), (ErrorKind::Integrity, None));
    assert!(error.to_string().contains("JSON"), "{error}");
    let server = self::server(move |_| Response::new(200).without_length().body(whole.clone())).await;
    download(&server).await.0.unwrap();
}

#[tokio::test]
async fn busy_host_is_retried_after_the_requested_wait() {
    for after in ["1", "Wed, 15 Jan 2025 09:30:01 GMT"] {
        let count = AtomicUsize::new(0);
        let server = server(move |request| match count.fetch_add(1, SeqCst) {
            0 => Response::new(503)
                .header("date", "Wed, 15 Jan 2025 09:30:00 GMT")
                .header("retry-after", after)
                .body("<Error><Code>SlowDown</Code></Error>"),
            _ => serve(request, b"{}", Some("\"v1\"")),
        })
        .await;
        let started = std::time::Instant::now();
        download(&server).await.0.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(1), "{after}");
        assert!(started.elapsed() < Duration::from_secs(30), "{after}: the server's clock counts");
    }
}

#[tokio::test]
async fn missing_object_is_an_error_immediately() {
    let server = server(|_| Response::new(404)).await;
    let error = download(&server).await.0.unwrap_err();
    assert_eq!((error.kind(), server.requests("/files/").len()), (ErrorKind::Storage, 1));
}

#[tokio::test]
async fn empty_export_is_an_empty_file() {
    let server = server(|request| serve(request, b"", Some("\"v1\""))).await;
    let (result, file) = download(&server).await;
    result.unwrap();
    assert_eq!(file.unwrap(), b"");
}

#[tokio::test]
async fn events_report_the_download() {
    let bytes = content(16 * MIB, 12);
    let server = server(move |request| serve(request, &bytes, Some("\"v1\""))).await;
    let root = tempfile::tempdir().unwrap();
    let transfers = server.transfers(&root.path().join("state"));
    let run = transfers.download_export("e1").to_folder(root.path().join("out")).start();
    let mut events = run.events();
    let report = run.await.unwrap();
    assert!(matches!(report.files.as_slice(), [file] if matches!(file.outcome, FileOutcome::Transferred)));
    assert_eq!(
        (report.totals.bytes_done, report.totals.bytes_total, report.totals.files_done),
        (16 << 20, 16 << 20, 1)
    );
    assert_eq!(files(&root.path().join("out")), ["export-e1"]);
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        seen.push(event);
    }
    assert!(seen.iter().any(|event| matches!(event, Event::FileStarted { path, .. } if path == "export-e1")));
    assert!(seen.iter().any(|event| matches!(event, Event::FileDone { bytes, .. } if *bytes == 16 << 20)));
    assert!(seen.iter().any(|event| matches!(event, Event::Progress(totals) if totals.bytes_transferred == 16 << 20)));
}

#[tokio::test]
async fn writer_gets_all_bytes_across_lost_connections() {
    let bytes = content(3 * MIB, 13);
    let expected = bytes.clone();
    let count = AtomicUsize::new(0);
    let server = server(move |request| {
        let response = serve(request, &bytes, Some("\"v1\""));
        if count.fetch_add(1, SeqCst) < 2 { response.cut_at(MIB) } else { response }
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let transfers = server.transfers(root.path());
    let (written, report) = transfers.download_export("e1").to_writer(std::io::Cursor::new(Vec::new())).await.unwrap();
    assert!(written.into_inner() == expected);
    assert_eq!(report.totals.bytes_done, 3 << 20);

    let cut = self::server(|_| Response::new(200).body(vec![1; 1000]).cut_at(10)).await;
    let error = cut.transfers(root.path()).download_export("e1").to_writer(Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("10 bytes were written"), "{error}");
}

#[cfg(feature = "object-store")]
#[tokio::test]
async fn object_store_has_only_complete_objects() {
    use object_store::{ObjectStore, ObjectStoreExt as _, memory::InMemory, path::Path};

    let bytes = content(20 * MIB, 14);
    let expected = bytes.clone();
    let count = AtomicUsize::new(0);
    let server = server(move |request| {
        let response = serve(request, &bytes, Some("\"v1\""));
        if count.fetch_add(1, SeqCst) == 0 { response.cut_at(9 * MIB) } else { response }
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let transfers = server.transfers(root.path());
    transfers.download_export("e1").to_object_store(Arc::clone(&store), "mirror/e1").await.unwrap();
    let stored = store.get(&Path::from("mirror/e1")).await.unwrap().bytes().await.unwrap();
    assert!(stored == expected);

    let cut = self::server(|_| Response::new(200).body(vec![1; 1000]).cut_at(10)).await;
    let transfers = cut.transfers(root.path());
    transfers.download_export("e1").to_object_store(Arc::clone(&store), "mirror/e2").await.unwrap_err();
    assert!(store.head(&Path::from("mirror/e2")).await.is_err());
}

/// Adds credentials to every request.
fn add_credentials(builder: avala_transport::TransportBuilder) -> avala_transport::TransportBuilder {
    builder.layer_per_attempt(tower::util::MapRequestLayer::new(|mut request: http::Request<avala_transport::Body>| {
        for name in ["authorization", "cookie", "x-avala-api-key"] {
            request.headers_mut().insert(name, http::HeaderValue::from_static("secret"));
        }
        request
    }))
}

#[tokio::test]
async fn layers_of_the_caller_cannot_add_credentials() {
    let bytes = content(20 * MIB, 15);
    let server = server(move |request| {
        let names = ["authorization", "cookie", "x-avala-api-key"];
        let has_credentials = names.iter().any(|name| request.header(name).is_some());
        if has_credentials { Response::new(400) } else { serve(request, &bytes, Some("\"v1\"")) }
    })
    .await;
    let root = tempfile::tempdir().unwrap();
    let transfers = server.builder(&root.path().join("state")).storage_layers(add_credentials).build().unwrap();
    transfers.download_export("e1").to_file(root.path().join("out.bin")).await.unwrap();
}

#[tokio::test]
async fn smallest_memory_budget_and_a_bandwidth_limit_are_kept() {
    let bytes = content(24 * MIB, 16);
    let expected = bytes.clone();
    let server = server(move |request| serve(request, &bytes, Some("\"v1\""))).await;
    let root = tempfile::tempdir().unwrap();
    let (budget, limit) = (MemoryBudget::new(0), BandwidthLimit::new(16 << 20));
    let builder = server.builder(&root.path().join("state"));
    let transfers = builder.memory_budget(budget.clone()).bandwidth_limit(limit.clone()).build().unwrap();
    let target = root.path().join("out.bin");
    let started = std::time::Instant::now();
    let run = transfers.download_export("e1").to_file(&target).connections(16).start();
    // 24 MiB at 16 MiB per second take more than a second; then the limit is removed.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(run.totals().bytes_transferred < 20 << 20, "{:?}", run.totals());
    limit.set(None);
    run.await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert!(std::fs::read(&target).unwrap() == expected);
    assert_eq!(budget.free(), budget.total(), "all memory was returned");
}
