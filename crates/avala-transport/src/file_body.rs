//! Request body that is read from a file.

use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead as _, ReadBuf};

use crate::stream_body::WrongLength;

/// Number of bytes of a file that are read at once.
const CHUNK: u64 = 64 * 1024;

/// A file, with its size and modification time when the body was created.
#[derive(Debug, Clone)]
pub(crate) struct FileSource(Arc<Stamp>);

#[derive(Debug)]
struct Stamp {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl FileSource {
    pub(crate) async fn of(path: PathBuf) -> io::Result<Self> {
        let metadata = tokio::fs::metadata(&path).await?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not a regular file"));
        }
        Ok(Self(Arc::new(Stamp { path, length: metadata.len(), modified: metadata.modified().ok() })))
    }

    /// Creates a body that opens the file when it is read.
    pub(crate) fn open(&self) -> FileBody {
        FileBody { stamp: Arc::clone(&self.0), state: State::Closed, left: self.0.length }
    }
}

impl Stamp {
    async fn open(self: Arc<Self>) -> io::Result<File> {
        let file = File::open(&self.path).await?;
        if self.is_of(&file.metadata().await?) {
            return Ok(file);
        }
        Err(io::Error::other("the file changed after the request body was created; create the body again"))
    }

    fn is_of(&self, metadata: &Metadata) -> bool {
        metadata.is_file() && metadata.len() == self.length && metadata.modified().ok() == self.modified
    }
}

enum State {
    Closed,
    Opening(Pin<Box<dyn Future<Output = io::Result<File>> + Send>>),
    Open(File),
    Done,
}

/// Body that reads a file from its start.
pub(crate) struct FileBody {
    stamp: Arc<Stamp>,
    state: State,
    left: u64,
}

impl FileBody {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            match &mut self.state {
                State::Closed => self.state = State::Opening(Box::pin(Arc::clone(&self.stamp).open())),
                State::Opening(opening) => self.state = State::Open(ready!(opening.as_mut().poll(cx))?),
                State::Open(_) if self.left == 0 => return Poll::Ready(Ok(None)),
                State::Open(file) => {
                    // A file that has grown since it was opened is sent up to its announced length.
                    let mut chunk = vec![0; usize::try_from(self.left.min(CHUNK)).unwrap_or_default()];
                    let mut buffer = ReadBuf::new(&mut chunk);
                    ready!(Pin::new(file).poll_read(cx, &mut buffer))?;
                    let read = buffer.filled().len();
                    if read == 0 {
                        let (length, missing) = (self.stamp.length, self.left);
                        return Poll::Ready(Err(io::Error::other(WrongLength::TooShort { length, missing })));
                    }
                    chunk.truncate(read);
                    self.left -= read as u64;
                    return Poll::Ready(Ok(Some(chunk.into())));
                }
                State::Done => return Poll::Ready(Ok(None)),
            }
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let chunk = ready!(self.poll_chunk(cx)).transpose();
        if !matches!(chunk, Some(Ok(_))) {
            self.state = State::Done;
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 || matches!(self.state, State::Done)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
