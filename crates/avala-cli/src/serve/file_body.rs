//! Response body from a part of a file.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead as _, ReadBuf};

/// Size of a read in bytes.
const PIECE: usize = 256 << 10;

/// The next `left` bytes of a file.
pub(crate) struct FileBody {
    file: File,
    left: u64,
    buffer: Vec<u8>,
}

impl FileBody {
    pub(crate) fn new(file: File, size: u64) -> Self {
        Self { file, left: size, buffer: Vec::new() }
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let size = usize::try_from(this.left).unwrap_or(PIECE).min(PIECE);
        this.buffer.resize(size, 0);
        let mut piece = ReadBuf::new(&mut this.buffer);
        ready!(Pin::new(&mut this.file).poll_read(cx, &mut piece))?;
        let filled = piece.filled().len();
        if filled == 0 {
            // The response has announced a length; closing the connection reports the truncation.
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was truncated"))));
        }
        this.buffer.truncate(filled);
        this.left -= filled as u64;
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.buffer).into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
