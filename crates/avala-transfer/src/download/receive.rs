//! Reads the body of a response, block by block, within all limits.

use std::future::poll_fn;
use std::pin::{Pin, pin};

use avala_transport::{Body, BoxError};
use bytes::Bytes;
use http_body::Body as _;

use super::context::{Context, STALL_TIMEOUT};
use crate::budget::concurrency::Slot;
use crate::budget::memory::Memory;
use crate::budget::run_limit::Claim;
use crate::error::{Error, ErrorKind};

/// Size of a block that is written by another thread. Larger blocks leave the caches of the processor before they are
/// written; smaller ones need more context switches.
const BLOCK: u64 = 256 << 10;

/// Bytes in memory, with their share of the budget.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) chunks: Vec<Bytes>,
    pub(crate) length: u64,
    _memory: Memory,
}

#[cfg(test)]
impl Block {
    /// Creates a block of one chunk.
    pub(crate) async fn of(bytes: Vec<u8>) -> Self {
        let memory = crate::budget::memory::MemoryBudget::new(0).take(1).await;
        Self { length: bytes.len() as u64, chunks: vec![bytes.into()], _memory: memory }
    }
}

/// Receiver of the bytes of a body, in order.
pub(crate) trait BlockWriter: Send {
    /// Writes the next block.
    fn write(&mut self, block: Block) -> impl Future<Output = Result<(), Error>> + Send;

    /// Waits until everything is written.
    fn finish(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Outcome of receiving.
#[derive(Debug)]
pub(crate) enum End {
    /// All bytes were received.
    Complete,
    /// The connection was lost or stalled. Another attempt can succeed.
    Cut(Error),
    /// The run was cancelled or reached a limit, or the target cannot be written.
    Stopped(Error),
}

/// Receives at most `limit` bytes and passes them to `writer`, also those before a failure. The bytes that the response
/// announced are claimed already.
///
/// Returns how many bytes were written. A body that ends before `limit` is [`End::Cut`].
pub(crate) async fn receive(
    context: &Context,
    name: &str,
    mut body: Body,
    limit: Option<u64>,
    (slot, claim): (&mut Slot, &mut Claim),
    writer: &mut impl BlockWriter,
) -> (u64, End) {
    let (mut passed, mut block): (u64, Option<Block>) = (0, None);
    let mut ended = pin!(context.ended());
    let mut end = loop {
        let read = passed + block.as_ref().map_or(0, |block| block.length);
        if limit.is_some_and(|limit| read >= limit) {
            break End::Complete;
        }
        if context.control.is_paused() {
            // Other runs can use the slot and the memory meanwhile.
            if let Some(begun) = block.take().filter(|block| block.length > 0) {
                let length = begun.length;
                if let Err(error) = writer.write(begun).await {
                    break End::Stopped(error);
                }
                passed += length;
            }
            match unless(ended.as_mut(), paused(context, slot)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) | Err(error) => break End::Stopped(error),
            }
        }
        // Memory is reserved before the bytes arrive, so that they cannot exceed the budget.
        let filled = match &mut block {
            Some(block) => block,
            empty => match unless(ended.as_mut(), context.memory.take(BLOCK)).await {
                Ok(memory) => empty.insert(Block { chunks: Vec::new(), length: 0, _memory: memory }),
                Err(error) => break End::Stopped(error),
            },
        };
        let data = match unless(ended.as_mut(), next(context, name, &mut body)).await {
            Ok(Ok(Some(data))) => data,
            Ok(Ok(None)) if limit.is_none() => break End::Complete,
            Ok(Ok(None)) => break End::Cut(cut(name, "the body ended before its announced length")),
            Ok(Err(end)) => break end,
            Err(error) => break End::Stopped(error),
        };
        let left = limit.map_or(usize::MAX, |limit| usize::try_from(limit - read).unwrap_or(usize::MAX));
        let data = data.slice(..data.len().min(left));
        let length = data.len() as u64;
        if let Err(error) = claim.take(length) {
            break End::Stopped(error);
        }
        context.meter.transferred(length);
        filled.length += length;
        filled.chunks.push(data);
        if let Err(error) = unless(ended.as_mut(), context.bandwidth.take(length)).await {
            break End::Stopped(error);
        }
        if filled.length >= BLOCK
            && let Some(full) = block.take()
        {
            let length = full.length;
            if let Err(error) = writer.write(full).await {
                break End::Stopped(error);
            }
            passed += length;
        }
    };
    let rest = async {
        if let Some(block) = block.take().filter(|block| block.length > 0) {
            let length = block.length;
            writer.write(block).await?;
            passed += length;
        }
        writer.finish().await
    };
    if let Err(error) = rest.await {
        // The caller reads from the file how much was written.
        passed = 0;
        end = End::Stopped(error);
    }
    (passed, end)
}

/// Waits until the run is resumed and has a slot again.
async fn paused(context: &Context, slot: &mut Slot) -> Result<(), Error> {
    slot.suspend();
    context.gate().await?;
    slot.resume().await;
    Ok(())
}

/// Runs `step` until it completes or the run ends.
async fn unless<T>(ended: Pin<&mut impl Future<Output = Error>>, step: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        biased;
        error = ended => Err(error),
        output = step => Ok(output),
    }
}

/// Returns the next bytes; `None` at the end.
async fn next(context: &Context, name: &str, body: &mut Body) -> Result<Option<Bytes>, End> {
    loop {
        context.gate().await.map_err(End::Stopped)?;
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        match tokio::time::timeout(STALL_TIMEOUT, frame).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                // Trailers are ignored.
                if let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) {
                    return Ok(Some(data));
                }
            }
            Ok(Some(Err(error))) => return Err(End::Cut(lost(name, error))),
            Err(_) => {
                let message = format!("no byte arrived within {} s", STALL_TIMEOUT.as_secs());
                return Err(End::Cut(cut(name, &message)));
            }
        }
    }
}

fn cut(name: &str, message: &str) -> Error {
    Error::new(ErrorKind::Storage, message).about(name).transient()
}

fn lost(name: &str, error: BoxError) -> Error {
    cut(name, "the connection to the storage host was lost").with_source(error)
}
