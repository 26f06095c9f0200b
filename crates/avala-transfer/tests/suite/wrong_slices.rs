//! Partial responses that hold other bytes than those that were requested: to files, writers and stores, in the middle of a
//! run and at the start of the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use avala_transfer::ErrorKind;

use crate::download_exports::{download, server};
use crate::download_support::{Request, Response, Server, content, serve};

const MIB: usize = 1 << 20;

/// How a server responds instead of with the slice that was requested.
type Change = fn(&Request, &[u8]) -> Response;

const WRONG: [Change; 7] = [
    // Another slice of the same length.
    |request, bytes| {
        let (start, end) = request.range().unwrap();
        slice(bytes, start - 500, end - 500, &format!("bytes {}-{}/{}", start - 500, end - 501, bytes.len()))
    },
    // Another total.
    |request, bytes| {
        let (start, end) = request.range().unwrap();
        slice(bytes, 0, end - start, &format!("bytes {start}-{}/{}", end - 1, bytes.len() + 1))
    },
    // No `Content-Range`.
    |request, bytes| {
        let (start, end) = request.range().unwrap();
        Response::new(206).header("etag", "\"v1\"").body(&bytes[..end - start])
    },
    // The whole file as a slice.
    |_, bytes| slice(bytes, 0, bytes.len(), &format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len())),
    // An unknown total.
    |request, bytes| {
        let (start, end) = request.range().unwrap();
        slice(bytes, 0, end - start, &format!("bytes {start}-{}/*", end - 1))
    },
    // The right slice without a version.
    |request, bytes| {
        let (start, end) = request.range().unwrap();
        let range = format!("bytes {start}-{}/{}", end - 1, bytes.len());
        Response::new(206).header("content-range", &range).body(&bytes[..end - start])
    },
    // Several ranges.
    |_, bytes| {
        Response::new(206)
            .header("etag", "\"v1\"")
            .header("content-type", "multipart/byteranges; boundary=x")
            .body(&bytes[..1000])
    },
];

/// Returns how a server responds to the second request for a range.
async fn wrong_slice(change: Change, times: usize) -> (Result<(), avala_transfer::Error>, bool, Server) {
    let bytes = content(20 * MIB, 2);
    let expected = bytes.clone();
    let wrong = Arc::new(AtomicUsize::new(times));
    let server = server(move |request| {
        let is_later = request.range().is_some_and(|(start, _)| start > 0);
        if is_later && wrong.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            return change(request, &bytes);
        }
        serve(request, &bytes, Some("\"v1\""))
    })
    .await;
    let (result, file) = download(&server).await;
    let is_right = file.is_some_and(|file| file == expected);
    (result, is_right, server)
}

fn slice(bytes: &[u8], start: usize, end: usize, header: &str) -> Response {
    Response::new(206).header("etag", "\"v1\"").header("content-range", header).body(&bytes[start..end])
}

#[tokio::test]
async fn wrong_slices_are_never_written() {
    for (number, change) in WRONG.into_iter().enumerate() {
        // Asked for again, with success.
        let (result, is_right, _) = wrong_slice(change, 1).await;
        assert!(result.is_ok() && is_right, "{number}: {result:?}");
        // Fetched from zero without ranges.
        let (result, is_right, server) = wrong_slice(change, usize::MAX).await;
        assert!(result.is_ok() && is_right, "{number}: {result:?}");
        assert!(server.requests("/files/").iter().any(|request| request.range().is_none()), "{number}");
    }
}

#[tokio::test]
async fn shorter_slice_and_other_spelling_are_used() {
    let shorter: Change = |request, bytes| {
        let (start, end) = request.range().unwrap();
        let end = start + (end - start) / 2;
        slice(bytes, start, end, &format!("Bytes {start}-{}/{}", end - 1, bytes.len()))
    };
    let (result, is_right, server) = wrong_slice(shorter, 5).await;
    assert!(result.is_ok() && is_right, "{result:?}");
    assert!(server.requests("/files/").iter().all(|request| request.range().is_some()));
}

#[tokio::test]
async fn host_that_sends_only_wrong_slices_is_an_error() {
    let server = server(|_| slice(&[0; 100], 0, 100, "bytes 7-106/5000")).await;
    let (result, file) = download(&server).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), file), (ErrorKind::Protocol, None), "{error}");
    assert!(server.requests("/files/").len() < 10);
}

/// Serves an export whose download is interrupted, and continued while `wrong` is not zero with responses of `change`.
async fn interrupted(change: Change) -> (Server, Vec<u8>, Arc<AtomicUsize>) {
    let bytes = content(20 * MIB, 7);
    let expected = bytes.clone();
    let wrong = Arc::new(AtomicUsize::new(0));
    let left = Arc::clone(&wrong);
    let server = server(move |request| {
        let is_range = request.range().is_some();
        if is_range && left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            return change(request, &bytes);
        }
        serve(request, &bytes, Some("\"v1\""))
    })
    .await;
    (server, expected, wrong)
}

#[tokio::test]
async fn resumed_download_never_writes_wrong_slices() {
    for (number, change) in WRONG.into_iter().enumerate() {
        for times in [1, usize::MAX] {
            let (server, expected, wrong) = interrupted(change).await;
            let root = tempfile::tempdir().unwrap();
            let (state, target) = (root.path().join("state"), root.path().join("out.bin"));
            let transfers = server.transfers(&state);
            let download = || transfers.download_export("e1").to_file(&target).test_archive(false);
            let error = download().max_bytes(9 * MIB as u64).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LimitReached, "{error}");
            let before = server.requests("/files/").len();
            wrong.store(times, SeqCst);
            download().await.unwrap_or_else(|error| panic!("{number}: {error}"));
            assert!(std::fs::read(&target).unwrap() == expected, "{number}, {times}");
            let again = server.requests("/files/").split_off(before);
            let starts = again.iter().filter_map(|request| Some(request.range()?.0));
            assert_eq!(starts.min(), Some(9 * MIB), "what is durable is not requested as a range");
            let tags = again.iter().filter(|request| request.range().is_some());
            assert!(tags.into_iter().all(|request| request.header("if-range") == Some("\"v1\"")), "{number}");
        }
    }
}

#[tokio::test]
async fn writer_and_store_never_get_wrong_slices() {
    for (number, change) in WRONG.into_iter().enumerate() {
        for times in [1, usize::MAX] {
            let bytes = content(4 * MIB, 8);
            let expected = bytes.clone();
            let (count, wrong) = (AtomicUsize::new(0), AtomicUsize::new(times));
            let server = server(move |request| {
                if count.fetch_add(1, SeqCst) % 2 == 0 && request.range().is_none() {
                    return serve(request, &bytes, Some("\"v1\"")).cut_at(MIB);
                }
                if request.range().is_some() && wrong.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                    return change(request, &bytes);
                }
                serve(request, &bytes, Some("\"v1\""))
            })
            .await;
            let root = tempfile::tempdir().unwrap();
            let transfers = server.transfers(root.path());
            let written = Arc::new(std::sync::Mutex::new(Vec::new()));
            let result = transfers.download_export("e1").to_writer(Shared(Arc::clone(&written))).await;
            let written = written.lock().unwrap();
            assert_eq!(result.is_ok(), times == 1, "{number}");
            assert!(expected.starts_with(&written), "{number}: only right bytes");
            assert_eq!(written.len() == expected.len(), times == 1, "{number}");
            if let Err(error) = result {
                assert!(error.to_string().contains("bytes were written"), "{number}: {error}");
            }
        }
    }
}

/// Writer to bytes that the test can look at.
struct Shared(Arc<std::sync::Mutex<Vec<u8>>>);

impl tokio::io::AsyncWrite for Shared {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        std::task::Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn run_after_a_weak_tag_starts_from_zero() {
    for etag in [None, Some("W/\"v1\"")] {
        let (old, new) = (content(20 * MIB, 9), content(20 * MIB, 10));
        let expected = new.clone();
        let is_new = Arc::new(AtomicUsize::new(0));
        let switch = Arc::clone(&is_new);
        let server = server(move |request| match switch.load(SeqCst) {
            0 => serve(request, &old, etag).cut_at(6 * MIB).then_hang(),
            // Another version under the same tag, which a weak one allows.
            _ => serve(request, &new, etag),
        })
        .await;
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out.bin");
        let transfers = server.transfers(&root.path().join("state"));
        let download = || transfers.download_export("e1").to_file(&target).test_archive(false);
        let run = download().start();
        let arrived = async {
            while run.totals().bytes_transferred < 5 * MIB as u64 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), arrived).await.unwrap();
        run.control().cancel();
        run.await.unwrap_err();
        is_new.store(1, SeqCst);
        let before = server.requests("/files/").len();
        download().await.unwrap();
        assert!(std::fs::read(&target).unwrap() == expected, "{etag:?}: no byte of the old version");
        let again = server.requests("/files/").split_off(before);
        assert!(again.iter().all(|request| request.range().is_none_or(|(start, _)| start == 0)), "{etag:?}");
    }
}
