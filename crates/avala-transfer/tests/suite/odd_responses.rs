//! Responses of storage hosts that are valid HTTP but not what was requested.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use avala_transfer::ErrorKind;

use crate::download_support::{Request, Response, Server, content, export, files, origin, serve};

const MIB: usize = 1 << 20;

async fn server(file: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Server {
    Server::start(move |request| export(request, &origin(request)).unwrap_or_else(|| file(request))).await
}

/// Downloads the export to a file; returns its bytes.
async fn download(server: &Server) -> Result<Vec<u8>, avala_transfer::Error> {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("out.bin");
    let transfers = server.transfers(&root.path().join("state"));
    let download = transfers.download_export("e1").to_file(&target).test_archive(false);
    match download.await {
        Ok(_) => Ok(std::fs::read(&target).unwrap()),
        Err(error) => {
            assert!(!target.exists(), "{error}");
            assert_eq!(files(root.path()).iter().filter(|name| name.ends_with(".part")).count(), 0, "{error}");
            assert!(error.help_text().is_some(), "{error}");
            Err(error)
        }
    }
}

#[tokio::test]
async fn stored_encoded_bytes_are_kept_unchanged() {
    let bytes = content(20 * MIB, 1);
    let expected = bytes.clone();
    let server = server(move |request| serve(request, &bytes, Some("\"v1\"")).header("content-encoding", "gzip")).await;
    assert!(download(&server).await.unwrap() == expected);
    let ranges = server.requests("/files/");
    assert!(ranges.len() > 1 && ranges.iter().all(|request| request.header("accept-encoding") == Some("identity")));
}

#[tokio::test]
async fn slices_that_were_compressed_in_transit_are_not_written() {
    let bytes = content(20 * MIB, 2);
    let expected = bytes.clone();
    // The same tag with another encoding, like some proxies send, for every slice except the first.
    let server = server(move |request| {
        let response = serve(request, &bytes, Some("\"v1\""));
        match request.range() {
            Some((start, _)) if start > 0 => response.header("content-encoding", "gzip"),
            _ => response,
        }
    })
    .await;
    assert!(download(&server).await.unwrap() == expected);
    assert_eq!(server.requests("/files/").last().unwrap().range(), None, "the whole object is requested instead");
}

#[tokio::test]
async fn object_that_was_compressed_in_transit_is_an_error() {
    let bytes = content(MIB, 3);
    let server = server(move |_| {
        Response::new(200)
            .header("etag", "\"v1\"")
            .header("content-encoding", "gzip")
            .body(bytes.clone())
            .without_length()
    })
    .await;
    let error = download(&server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(error.to_string().contains("compressed"), "{error}");

    let root = tempfile::tempdir().unwrap();
    let transfers = server.transfers(&root.path().join("state"));
    let error = transfers.download_export("e1").to_writer(Vec::<u8>::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
}

#[tokio::test]
async fn several_ranges_in_one_response_are_not_written() {
    let bytes = content(20 * MIB, 4);
    let expected = bytes.clone();
    let server = server(move |request| {
        let response = serve(request, &bytes, Some("\"v1\""));
        match request.range() {
            Some(_) => response.header("content-type", "multipart/byteranges; boundary=x"),
            None => response,
        }
    })
    .await;
    assert!(download(&server).await.unwrap() == expected);
}

#[tokio::test]
async fn whole_object_for_a_range_is_used_once_from_its_start() {
    let bytes = content(20 * MIB, 5);
    let expected = bytes.clone();
    let server = server(move |_| Response::new(200).header("etag", "\"v1\"").body(bytes.clone())).await;
    assert!(download(&server).await.unwrap() == expected);
    assert_eq!(server.requests("/files/").len(), 1);
}

#[tokio::test]
async fn range_that_is_refused_leads_to_the_whole_object() {
    let bytes = content(3 * MIB, 6);
    let expected = bytes.clone();
    let server = server(move |request| match request.range() {
        Some(_) => Response::new(416),
        None => serve(request, &bytes, Some("\"v1\"")),
    })
    .await;
    assert!(download(&server).await.unwrap() == expected);
}

#[tokio::test]
async fn tag_that_changes_in_the_middle_starts_over() {
    let bytes = content(20 * MIB, 7);
    let expected = bytes.clone();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let server = server(move |request| {
        let tag = if counter.fetch_add(1, SeqCst) == 0 { "\"v1\"" } else { "\"v2\"" };
        serve(request, &bytes, Some(tag))
    })
    .await;
    assert!(download(&server).await.unwrap() == expected);
    assert!(count.load(SeqCst) > 2);
}

#[tokio::test]
async fn body_that_is_longer_than_announced_is_cut() {
    // The connection has more bytes than the length; the additional bytes belong to no response.
    let bytes = content(MIB, 8);
    let expected = bytes.clone();
    let server = server(move |request| match request.range() {
        Some(_) => {
            let range = format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len());
            let longer = [&bytes[..], b"more"].concat();
            Response::new(206).header("etag", "\"v1\"").header("content-range", &range).body(longer)
        }
        None => serve(request, &bytes, Some("\"v1\"")),
    })
    .await;
    // A part whose length contradicts the range cannot be used; the whole object can.
    assert!(download(&server).await.unwrap() == expected);
}

#[tokio::test]
async fn body_that_is_shorter_than_announced_is_requested_again() {
    let bytes = content(12 * MIB, 9);
    let expected = bytes.clone();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let server = server(move |request| {
        let response = serve(request, &bytes, Some("\"v1\""));
        if counter.fetch_add(1, SeqCst) < 2 { response.cut_at(100_000) } else { response }
    })
    .await;
    assert!(download(&server).await.unwrap() == expected);
}
