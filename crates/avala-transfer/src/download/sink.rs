//! Downloads an object in order to a sink that cannot seek: a writer, or an object store.

use std::sync::Arc;

use super::context::Context;
use super::filling::MOST_UNUSABLE;
use super::link::Remote;
use super::receive::{Block, BlockWriter, End, receive};
use super::request::{Attempts, claim_all, open};
use super::response::{Meaning, Version};
use crate::error::{Error, ErrorKind};
use crate::hash::{Digest, Hasher};

/// Downloads the whole object over one connection and returns its size.
///
/// After a lost connection, the download continues if the object has a strong entity tag. Otherwise only an attempt
/// without any bytes is repeated, because written bytes cannot be taken back. The hash is compared after the last byte,
/// so the writer has received all bytes before an error reports a wrong hash.
pub(crate) async fn stream(
    context: &Arc<Context>,
    remote: &Remote,
    writer: &mut impl BlockWriter,
) -> Result<u64, Error> {
    let mut writer = Hashing { inner: writer, hasher: remote.sha256.map(|_| Hasher::default()) };
    let mut attempts = Attempts::default();
    let mut unusable = 0;
    let (mut version, mut offset): (Option<Version>, u64) = (None, 0);
    let total = loop {
        let range = version.as_ref().filter(|_| offset > 0).map(|version| offset..version.total);
        let expected = version.as_ref().filter(|_| range.is_some());
        let claim = context.claim_up_to(range.as_ref().map_or(0, |range| range.end - range.start)).await?;
        let range = range.as_ref().map(|range| range.start..range.start + claim.length());
        let mut opened = open(context, remote, range.as_ref(), expected, (&mut attempts, claim)).await?;
        let length = match opened.meaning {
            Meaning::Whole { etag, length, encoding } if offset == 0 => {
                version = length.filter(|_| etag.is_some()).map(|total| Version { etag, total, encoding });
                length
            }
            Meaning::Part { range, .. } => Some(range.end - range.start),
            Meaning::Empty if offset == 0 => break 0,
            Meaning::Changed => {
                let message = format!("the object was replaced after {offset} bytes were written");
                return Err(Error::new(ErrorKind::RemoteChanged, message)
                    .about(&remote.name)
                    .help("discard the written bytes and download it again"));
            }
            Meaning::Unusable(_) if range.is_some() && unusable + 1 < MOST_UNUSABLE => {
                unusable += 1;
                continue;
            }
            Meaning::Unusable(reason) if offset == 0 => {
                return Err(Error::new(ErrorKind::Protocol, reason.to_string())
                    .about(&remote.name)
                    .help("check proxies and caches between this machine and the storage host"));
            }
            _ => return Err(no_way_back(remote, offset, "the storage host does not resume at the last byte")),
        };
        if offset == 0
            && let (Some(length), Some(size)) = (length, remote.size)
            && length != size
        {
            return Err(wrong_size(remote, length, size));
        }
        if let Some(length) = length {
            claim_all(context, (&mut opened.slot, &mut opened.claim), length).await?;
        }
        let holds = (&mut opened.slot, &mut opened.claim);
        let (received, end) = receive(context, &remote.name, opened.body, length, holds, &mut writer).await;
        drop(opened.claim);
        offset += received;
        context.meter.done(received);
        match end {
            End::Complete if version.as_ref().is_none_or(|version| offset >= version.total) => {
                opened.slot.succeeded();
                break offset;
            }
            End::Complete => opened.slot.succeeded(),
            End::Cut(_) if offset > 0 && version.is_none() => {
                return Err(no_way_back(
                    remote,
                    offset,
                    "the connection was lost, and the object has no strong entity tag",
                ));
            }
            End::Cut(error) => {
                drop(opened.slot);
                if received > 0 {
                    attempts.progressed();
                }
                attempts.failed(context, &remote.name, error, None).await?;
            }
            End::Stopped(error) => return Err(error),
        }
    };
    if let Some(size) = remote.size.filter(|size| *size != total) {
        return Err(wrong_size(remote, total, size));
    }
    match (remote.sha256, writer.hasher.map(Hasher::finish)) {
        (Some(expected), Some(actual)) if actual != expected => {
            let message = format!("the content has the SHA-256 {actual}, but the API reports {expected}");
            Err(Error::new(ErrorKind::Integrity, message)
                .about(&remote.name)
                .help("discard the written bytes and download it again"))
        }
        _ => Ok(total),
    }
}

fn wrong_size(remote: &Remote, actual: u64, expected: u64) -> Error {
    let message = format!("the storage host has {actual} bytes, but the API reports {expected}");
    Error::new(ErrorKind::Integrity, message).about(&remote.name).help("report it to the owner")
}

fn no_way_back(remote: &Remote, offset: u64, reason: &str) -> Error {
    Error::new(ErrorKind::Storage, format!("{reason}; {offset} bytes were written"))
        .about(&remote.name)
        .help("discard the written bytes and download it again, or download it to a file")
        .transient()
}

/// Hashes blocks before they are written.
struct Hashing<'a, W> {
    inner: &'a mut W,
    hasher: Option<Hasher>,
}

impl<W: BlockWriter> BlockWriter for Hashing<'_, W> {
    async fn write(&mut self, block: Block) -> Result<(), Error> {
        if let Some(mut hasher) = self.hasher.take() {
            let chunks = block.chunks.clone();
            let work = tokio::task::spawn_blocking(move || {
                chunks.iter().for_each(|chunk| hasher.update(chunk));
                hasher
            });
            self.hasher = Some(work.await.map_err(|_| Error::aborted())?);
        }
        self.inner.write(block).await
    }

    async fn finish(&mut self) -> Result<(), Error> {
        self.inner.finish().await
    }
}

/// Returns the digest of a complete stream, for content that is compared and not kept.
#[derive(Default)]
pub(crate) struct DigestOnly(Option<Hasher>);

impl DigestOnly {
    pub(crate) fn new() -> Self {
        Self(Some(Hasher::default()))
    }

    pub(crate) fn finish(self) -> Option<Digest> {
        self.0.map(Hasher::finish)
    }
}

impl BlockWriter for DigestOnly {
    async fn write(&mut self, block: Block) -> Result<(), Error> {
        let Some(mut hasher) = self.0.take() else { return Err(Error::aborted()) };
        let work = tokio::task::spawn_blocking(move || {
            block.chunks.iter().for_each(|chunk| hasher.update(chunk));
            hasher
        });
        self.0 = Some(work.await.map_err(|_| Error::aborted())?);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Passes blocks to a writer of the caller.
pub(crate) struct AsyncWriter<W>(pub(crate) W);

impl<W: tokio::io::AsyncWrite + Unpin + Send> BlockWriter for AsyncWriter<W> {
    async fn write(&mut self, block: Block) -> Result<(), Error> {
        for chunk in &block.chunks {
            write_all(&mut self.0, chunk).await.map_err(|error| write_error(&error))?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Error> {
        let flushed = std::future::poll_fn(|cx| std::pin::Pin::new(&mut self.0).poll_flush(cx)).await;
        flushed.map_err(|error| write_error(&error))
    }
}

async fn write_all<W: tokio::io::AsyncWrite + Unpin>(writer: &mut W, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let count = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *writer).poll_write(cx, bytes)).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(count..).unwrap_or_default();
    }
    Ok(())
}

fn write_error(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Target, format!("the writer failed: {error}"))
        .help("correct the writer and download it again")
}
