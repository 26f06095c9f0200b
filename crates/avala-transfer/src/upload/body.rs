//! Request body that streams and hashes a file or a part of it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::hash::{Digest, Hasher};
use crate::run::RunContext;
use crate::source::open::{OpenFile, changed};
use crate::source::walk::SourceFile;
use crate::upload::buffers::Buffers;
use crate::upload::hold::Hold;

/// Size of a read in bytes.
const CHUNK: u64 = 256 * 1024;
/// Maximum number of chunks that a stream holds: one is being read, one is in the HTTP client, one in the socket.
const CHUNKS: u64 = 3;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Called with the digest before the last bytes are sent, so that their record is durable before they can arrive.
pub(crate) type Release = Box<dyn FnOnce(Digest) -> BoxFuture<Result<(), Error>> + Send + Sync>;

/// A file or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) source: Arc<SourceFile>,
    pub(crate) file: Arc<OpenFile>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Part {
    /// Returns the memory that streaming the part takes.
    pub(crate) fn memory(&self) -> u64 {
        self.length.min(CHUNK * CHUNKS)
    }
}

/// Bytes before and after the part, for a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    pub(crate) before: Bytes,
    pub(crate) after: Bytes,
}

/// State of a body while it is sent and afterwards. Clones watch the same body.
#[derive(Clone, Debug)]
pub(crate) struct Watch(Arc<Mutex<Watched>>);

#[derive(Debug)]
struct Watched {
    side: Side,
    digest: Option<Digest>,
    /// Whether the last bytes were sent.
    is_released: bool,
    /// Bytes of the part that the HTTP client has taken.
    handed_over: u64,
    error: Option<Error>,
}

/// The side whose progress is awaited.
#[derive(Clone, Copy, Debug)]
enum Side {
    /// This process, which reads, or waits for bandwidth or the end of a pause.
    Ours,
    /// The network, which is taking bytes since this instant.
    Sending(Instant),
    /// The storage: all bytes were sent at this instant, and the response is awaited.
    Sent(Instant),
}

impl Watch {
    pub(crate) fn new() -> Self {
        let watched = Watched {
            side: Side::Sending(Instant::now()),
            digest: None,
            is_released: false,
            handed_over: 0,
            error: None,
        };
        Self(Arc::new(Mutex::new(watched)))
    }

    /// Returns the digest if the last bytes were sent, so that the storage may have all of them.
    pub(crate) fn released(&self) -> Option<Digest> {
        let watched = self.lock();
        watched.digest.filter(|_| watched.is_released)
    }

    /// Returns how many bytes of the part the HTTP client has taken.
    pub(crate) fn handed_over(&self) -> u64 {
        self.lock().handed_over
    }

    /// Records that an empty part was sent.
    pub(crate) fn set_empty(&self, digest: Digest) {
        let mut watched = self.lock();
        watched.digest = Some(digest);
        watched.is_released = true;
        watched.side = Side::Sent(Instant::now());
    }

    /// Returns the error that ended the body.
    pub(crate) fn take_error(&self) -> Option<Error> {
        self.lock().error.take()
    }

    /// Completes when the other side has made no progress for too long; returns the reason.
    pub(crate) async fn stalled(&self, write: Duration, read: Duration) -> (&'static str, Duration) {
        loop {
            let side = self.lock().side;
            let (what, since, limit) = match side {
                Side::Ours => ("", Instant::now(), write.min(read)),
                Side::Sending(since) => ("the storage took no bytes", since, write),
                Side::Sent(since) => ("the storage did not respond", since, read),
            };
            if !what.is_empty() && since.elapsed() >= limit {
                return (what, limit);
            }
            tokio::time::sleep_until(since + limit).await;
        }
    }

    fn set(&self, side: Side) {
        self.lock().side = side;
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Request body of a part. Reading and hashing happen on threads for blocking work, one chunk ahead.
pub(crate) struct FileBody {
    /// `None` while a step runs.
    reader: Option<Reader>,
    step: Option<BoxFuture<ReadChunk>>,
    before: VecDeque<Bytes>,
    after: Option<Bytes>,
    left: u64,
    watch: Watch,
}

impl FileBody {
    pub(crate) fn new(
        context: &RunContext,
        part: Part,
        frame: Around,
        release: Release,
        watch: &Watch,
        hold: &Arc<Hold>,
    ) -> Self {
        let left = frame.before.len() as u64 + part.length + frame.after.len() as u64;
        let reader = Reader {
            context: context.clone(),
            hold: Arc::clone(hold),
            next: part.offset,
            end: part.offset + part.length,
            part,
            hasher: Some(Hasher::default()),
            ahead: None,
            buffers: Buffers::default(),
            release: Some(release),
            watch: watch.clone(),
        };
        let before = if frame.before.is_empty() { VecDeque::new() } else { VecDeque::from([frame.before]) };
        let after = Some(frame.after).filter(|after| !after.is_empty());
        Self { reader: Some(reader), step: None, before, after, left, watch: watch.clone() }
    }

    fn hand_over(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        let now = Instant::now();
        self.watch.set(if self.left == 0 { Side::Sent(now) } else { Side::Sending(now) });
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Some(bytes) = this.before.pop_front() {
            return this.hand_over(bytes);
        }
        if let Some(reader) = this.reader.take() {
            if reader.is_over() {
                return match this.after.take() {
                    Some(bytes) => this.hand_over(bytes),
                    None => Poll::Ready(None),
                };
            }
            this.step = Some(Box::pin(reader.next()));
        }
        let Some(step) = &mut this.step else {
            return match this.after.take() {
                Some(bytes) => this.hand_over(bytes),
                None => Poll::Ready(None),
            };
        };
        this.watch.set(Side::Ours);
        let Poll::Ready((reader, result)) = step.as_mut().poll(cx) else { return Poll::Pending };
        this.step = None;
        match result {
            Ok(Some(bytes)) => {
                this.reader = Some(reader);
                this.hand_over(bytes)
            }
            Ok(None) => Poll::Ready(None),
            Err(error) => {
                let copy = Error::new(error.kind(), error.message());
                this.watch.lock().error = Some(error);
                Poll::Ready(Some(Err(copy)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A reader and the chunk that it read.
type ReadChunk = (Reader, Result<Option<Bytes>, Error>);

/// Reads a part chunk by chunk.
struct Reader {
    context: RunContext,
    hold: Arc<Hold>,
    part: Part,
    next: u64,
    end: u64,
    /// `None` while a thread uses the reader.
    hasher: Option<Hasher>,
    ahead: Option<JoinHandle<(Hasher, io::Result<Option<Bytes>>)>>,
    buffers: Buffers,
    release: Option<Release>,
    watch: Watch,
}

impl Reader {
    fn is_over(&self) -> bool {
        self.next >= self.end
    }

    async fn next(mut self) -> ReadChunk {
        let result = self.chunk().await;
        (self, result.map(Some))
    }

    async fn chunk(&mut self) -> Result<Bytes, Error> {
        self.hold.gate().await?;
        self.read_ahead();
        let Some(read) = self.ahead.take() else { return Err(Error::aborted()) };
        let (hasher, bytes) = read.await.map_err(|_| Error::aborted())?;
        let bytes = bytes.map_err(|error| Error::io(ErrorKind::Source, "read it", &self.part.source.local, error))?;
        let source = &self.part.source;
        let bytes = bytes.ok_or_else(|| changed(source, "it was written or touched while it was sent"))?;
        let length = bytes.len() as u64;
        let wanted = (self.end - self.next).min(CHUNK);
        if length < wanted {
            let size = self.next + length;
            return Err(changed(&self.part.source, &format!("it shrank to {size} bytes")));
        }
        self.next += length;
        if self.is_over() {
            let digest = hasher.finish();
            self.watch.lock().digest = Some(digest);
            self.pay(length).await?;
            if let Some(release) = self.release.take() {
                release(digest).await?;
            }
            self.watch.lock().is_released = true;
        } else {
            self.hasher = Some(hasher);
            self.read_ahead();
            self.pay(length).await?;
        }
        self.watch.lock().handed_over += length;
        self.context.meter.done(length);
        self.context.meter.transferred(length);
        Ok(bytes)
    }

    /// Waits for bandwidth, and fails when the run reaches its time limit.
    async fn pay(&self, bytes: u64) -> Result<(), Error> {
        self.context.limit.check_time()?;
        self.context.transfers.bandwidth().take(bytes).await;
        self.hold.gate().await
    }

    /// Starts reading and hashing the next chunk on another thread.
    fn read_ahead(&mut self) {
        let Some(mut hasher) = self.hasher.take() else { return };
        let (file, offset, buffers) = (Arc::clone(&self.part.file), self.next, self.buffers.clone());
        let length = usize::try_from((self.end - offset).min(CHUNK)).unwrap_or_default();
        self.ahead = Some(tokio::task::spawn_blocking(move || {
            let mut buffer = buffers.take(length);
            let read = file.read_untouched(&mut buffer.bytes, offset).map(|count| {
                count.map(|count| {
                    buffer.bytes.truncate(count);
                    hasher.update(&buffer.bytes);
                    buffer.freeze()
                })
            });
            (hasher, read)
        }));
    }
}
