//! The body of a response that is read from an object while it is sent.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tempfile::TempPath;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::state::storage::{Content, Piece, missing};

/// Number of bytes of a file that are read at a time.
const CHUNK: usize = 256 * 1024;

/// A range of an object.
pub(super) struct ContentBody {
    pieces: VecDeque<Piece>,
    left: u64,
    /// A chunk of the file that is being read.
    reading: Option<Reading>,
}

/// The rest of a file, and its next chunk.
type Chunk = io::Result<(tokio::fs::File, u64, Bytes)>;
type Reading = Pin<Box<dyn Future<Output = Chunk> + Send>>;

impl ContentBody {
    pub(super) fn new(content: &Content, range: Range<u64>) -> Self {
        let left = range.end.saturating_sub(range.start);
        Self { pieces: content.pieces(range), left, reading: None }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(reading) = &mut self.reading {
            let chunk = ready!(reading.as_mut().poll(cx));
            self.reading = None;
            return Poll::Ready(Some(chunk.map(|(file, left, bytes)| {
                if left > 0 {
                    self.reading = Some(Box::pin(read_chunk(file, left)));
                }
                bytes
            })));
        }
        match self.pieces.pop_front() {
            None => Poll::Ready(None),
            Some(Piece::Bytes(bytes)) => Poll::Ready(Some(Ok(bytes))),
            Some(Piece::Missing) => Poll::Ready(Some(Err(missing()))),
            Some(Piece::Generated { text, mut range }) => {
                let bytes = text.read(range.clone());
                range.start += bytes.len() as u64;
                if !range.is_empty() {
                    self.pieces.push_front(Piece::Generated { text, range });
                }
                Poll::Ready(Some(Ok(bytes)))
            }
            Some(Piece::File { path, range }) => {
                self.reading = Some(Box::pin(open(path, range)));
                self.poll_piece(cx)
            }
        }
    }
}

async fn open(path: Arc<TempPath>, range: Range<u64>) -> Chunk {
    let mut file = tokio::fs::File::open(&*path).await?;
    file.seek(SeekFrom::Start(range.start)).await?;
    read_chunk(file, range.end - range.start).await
}

async fn read_chunk(mut file: tokio::fs::File, left: u64) -> Chunk {
    let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
    let mut bytes = BytesMut::with_capacity(wanted);
    let count = (&mut file).take(wanted as u64).read_buf(&mut bytes).await?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((file, left - count as u64, bytes.freeze()))
}

impl Body for ContentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.poll_piece(cx));
        if let Some(Ok(bytes)) = &piece {
            self.left = self.left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(piece.map(|bytes| bytes.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
