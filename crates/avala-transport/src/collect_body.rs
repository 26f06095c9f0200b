//! Collects a body into one buffer, up to a cap.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Body;
use tower::BoxError;

use crate::error::{TransportError, TransportErrorKind, cause};
use crate::memory_budget::{Lease, MemoryBudget};

/// Maximum memory reserved for an announced size: a false header must not allocate the whole cap. A sequence of a few
/// thousand frames fits, so that its buffer is not copied while it grows.
const MOST_RESERVED: usize = 8 * 1024 * 1024;

/// Maximum number of frames and bytes that one poll reads of a body that is always ready, so that other tasks can run.
const MOST_FRAMES: usize = 64;
const MOST_READ: usize = 1024 * 1024;

/// Reads one body to its end.
#[derive(Debug)]
pub(crate) struct CollectBody<B> {
    body: B,
    max_bytes: usize,
    gathered: Gathered,
    /// Whether a body over `max_bytes` is cut instead of being an error.
    may_cut: bool,
    was_cut: bool,
    /// The body's share of the client's memory budget, if there is one.
    lease: Option<Lease>,
}

#[derive(Debug)]
enum Gathered {
    Nothing,
    /// The first piece, not copied: most bodies are one piece.
    One(Bytes),
    Many(BytesMut),
}

impl<B> CollectBody<B>
where
    B: Body<Data = Bytes, Error = BoxError> + Unpin,
{
    pub(crate) fn new(body: B, max_bytes: usize) -> Self {
        Self { body, max_bytes, gathered: Gathered::Nothing, may_cut: false, was_cut: false, lease: None }
    }

    /// Counts the body against `budget`.
    pub(crate) fn within(mut self, budget: Option<&MemoryBudget>) -> Self {
        self.lease = budget.map(MemoryBudget::lease);
        self
    }

    /// Reads the first `max_bytes` and drops the rest.
    pub(crate) fn start_of(body: B, max_bytes: usize) -> Self {
        Self { may_cut: true, ..Self::new(body, max_bytes) }
    }

    pub(crate) fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// Returns the bytes that were read, with the lease attached.
    fn finish(&mut self) -> Bytes {
        let bytes = self.gathered.take();
        match self.lease.take() {
            Some(lease) => lease.attach(bytes),
            None => bytes,
        }
    }

    fn push(&mut self, mut piece: Bytes) -> Result<(), TransportError> {
        let room = self.max_bytes.saturating_sub(self.gathered.len());
        if self.may_cut && piece.len() > room {
            self.was_cut = true;
            piece.truncate(room);
        }
        let expected = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        let so_far = self.gathered.len().saturating_add(piece.len());
        let at_least = so_far.saturating_add(expected);
        if at_least > self.max_bytes && !self.may_cut {
            return Err(TransportError::body_too_large(self.max_bytes));
        }
        if let Some(lease) = &mut self.lease {
            lease.grow(piece.len())?;
        }
        self.gathered = match std::mem::replace(&mut self.gathered, Gathered::Nothing) {
            Gathered::Nothing => Gathered::One(piece),
            Gathered::One(first) => {
                let mut buffer = BytesMut::with_capacity(at_least.min(self.max_bytes).min(MOST_RESERVED).max(so_far));
                buffer.extend_from_slice(&first);
                buffer.extend_from_slice(&piece);
                Gathered::Many(buffer)
            }
            Gathered::Many(mut buffer) => {
                buffer.extend_from_slice(&piece);
                Gathered::Many(buffer)
            }
        };
        Ok(())
    }
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(buffer) => buffer.len(),
        }
    }

    fn take(&mut self) -> Bytes {
        match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(buffer) => buffer.freeze(),
        }
    }
}

impl<B> Future for CollectBody<B>
where
    B: Body<Data = Bytes, Error = BoxError> + Unpin,
{
    type Output = Result<Bytes, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.body.size_hint().lower() > self.max_bytes as u64 && !self.may_cut {
            return Poll::Ready(Err(TransportError::body_too_large(self.max_bytes)));
        }
        if let Some(lease) = &self.lease {
            let announced = self.body.size_hint().lower();
            let read = if self.may_cut { announced.min(self.max_bytes as u64) } else { announced };
            lease.check_announced(read)?;
        }
        let mut read = 0_usize;
        for _ in 0..MOST_FRAMES {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(Ok(self.finish())),
                Some(Ok(frame)) => {
                    // Trailers are not used by this API.
                    if let Ok(piece) = frame.into_data() {
                        read = read.saturating_add(piece.len());
                        self.push(piece)?;
                    }
                    if self.was_cut {
                        return Poll::Ready(Ok(self.finish()));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(cut(error))),
            }
            if read >= MOST_READ {
                break;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn cut(error: BoxError) -> TransportError {
    let error = match error.downcast::<TransportError>() {
        Ok(own) => return *own,
        Err(other) => other,
    };
    let message = match cause(&*error) {
        cause if cause.is_empty() => "reading the response body failed".to_owned(),
        cause => format!("reading the response body failed: {cause}"),
    };
    TransportError::new(TransportErrorKind::ConnectionLost, message).with_source(error)
}
