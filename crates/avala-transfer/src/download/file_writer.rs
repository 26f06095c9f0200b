//! Writes blocks to positions of a temporary file, with one thread per file for all connections.
//!
//! The kernel lets one thread write to a file at a time, so several threads would only wait for each other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::part_file::PartFile;
use super::receive::{Block, BlockWriter};
use super::target_error::TargetError;
use crate::error::Error;

/// Blocks of one temporary file that wait to be written.
#[derive(Debug)]
pub(crate) struct WriteQueue {
    part: Arc<PartFile>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Whether a thread is writing the queue.
    is_running: bool,
}

#[derive(Debug)]
struct Job {
    epoch: u64,
    offset: u64,
    block: Block,
    done: oneshot::Sender<Result<(), TargetError>>,
}

impl WriteQueue {
    pub(crate) fn new(part: &Arc<PartFile>) -> Arc<Self> {
        Arc::new(Self { part: Arc::clone(part), state: Mutex::default() })
    }

    fn push(self: &Arc<Self>, job: Job) {
        let was_running = {
            let mut state = self.state();
            state.waiting.push_back(job);
            std::mem::replace(&mut state.is_running, true)
        };
        if !was_running {
            let mut running = Running { queue: Arc::clone(self), is_over: false };
            drop(tokio::task::spawn_blocking(move || running.write_all()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing thread, from when it is requested.
struct Running {
    queue: Arc<WriteQueue>,
    is_over: bool,
}

impl Running {
    /// Writes until the queue is empty.
    fn write_all(&mut self) {
        while let Some(job) = self.next() {
            // A dropped connection does not count the bytes that it received.
            if !job.done.is_closed() {
                let result = self.write(&job);
                let _ = job.done.send(result);
            }
        }
    }

    fn next(&mut self) -> Option<Job> {
        let mut state = self.queue.state();
        let job = state.waiting.pop_front();
        if job.is_none() {
            // Under the lock of the queue: the next block starts another thread.
            (state.is_running, self.is_over) = (false, true);
        }
        job
    }

    fn write(&self, job: &Job) -> Result<(), TargetError> {
        let mut offset = job.offset;
        for chunk in &job.block.chunks {
            self.queue.part.write(job.epoch, chunk, offset)?;
            offset += chunk.len() as u64;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A runtime that shuts down drops the thread before it starts, so no caller may wait for it.
        if !self.is_over {
            let mut state = self.queue.state();
            state.is_running = false;
            state.waiting.clear();
        }
    }
}

/// Writes blocks from a position on. A block is written while the next one arrives.
#[derive(Debug)]
pub(crate) struct FileWriter {
    queue: Arc<WriteQueue>,
    epoch: u64,
    offset: u64,
    running: Option<oneshot::Receiver<Result<(), TargetError>>>,
}

impl FileWriter {
    pub(crate) fn new(queue: &Arc<WriteQueue>, offset: u64) -> Self {
        Self { queue: Arc::clone(queue), epoch: queue.part.epoch(), offset, running: None }
    }
}

impl BlockWriter for FileWriter {
    async fn write(&mut self, block: Block) -> Result<(), Error> {
        self.finish().await?;
        let (done, running) = oneshot::channel();
        let (epoch, offset) = (self.epoch, self.offset);
        self.offset += block.length;
        self.running = Some(running);
        self.queue.push(Job { epoch, offset, block, done });
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Error> {
        match self.running.take() {
            Some(running) => running.await.map_err(|_| Error::aborted())?.map_err(Error::from),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::download::folder::TargetFolder;
    use crate::download::names::SafePath;
    use crate::error::ErrorKind;

    fn part(folder: &std::path::Path) -> Arc<PartFile> {
        let folder = TargetFolder::open(folder, true).unwrap().unwrap();
        let place = folder.place(&SafePath::new("x").unwrap(), true).unwrap().unwrap();
        Arc::new(PartFile::open(place, "t").unwrap())
    }

    fn content(part: &PartFile) -> Vec<u8> {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut part.reader(), &mut bytes).unwrap();
        bytes
    }

    #[tokio::test]
    async fn blocks_of_many_connections_reach_their_positions() {
        let root = tempfile::tempdir().unwrap();
        let part = part(root.path());
        let queue = WriteQueue::new(&part);
        let mut connections = tokio::task::JoinSet::new();
        for connection in 0..8_u8 {
            let mut writer = FileWriter::new(&queue, u64::from(connection) * 5_000);
            connections.spawn(async move {
                for _ in 0..50 {
                    writer.write(Block::of(vec![connection; 100]).await).await.unwrap();
                    tokio::task::yield_now().await;
                }
                writer.finish().await.unwrap();
            });
        }
        connections.join_all().await;
        let expected: Vec<u8> = (0..8_u8).flat_map(|connection| vec![connection; 5_000]).collect();
        assert!(content(&part) == expected);
        assert_eq!(part.unsynced(), 40_000);
        assert!(!queue.state().is_running && queue.state().waiting.is_empty());
    }

    #[tokio::test]
    async fn failed_write_is_reported_to_its_connection_alone() {
        let root = tempfile::tempdir().unwrap();
        let part = part(root.path());
        let queue = WriteQueue::new(&part);
        // A position that no file can have.
        let (mut bad, mut good) = (FileWriter::new(&queue, 1 << 63), FileWriter::new(&queue, 0));
        bad.write(Block::of(vec![1; 10]).await).await.unwrap();
        good.write(Block::of(vec![2; 10]).await).await.unwrap();
        assert_eq!(bad.finish().await.unwrap_err().kind(), ErrorKind::Target);
        good.finish().await.unwrap();
        assert_eq!(content(&part), [2; 10]);
    }

    #[test]
    fn runtime_that_ended_leaves_nobody_waiting() {
        let root = tempfile::tempdir().unwrap();
        let part = part(root.path());
        let queue = WriteQueue::new(&part);
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (ended, running) = (runtime(), runtime());
        let block = running.block_on(Block::of(vec![1; 10]));
        let handle = ended.handle().clone();
        ended.shutdown_background();
        let mut writer = FileWriter::new(&queue, 0);
        {
            // This runtime starts no more threads.
            let _entered = handle.enter();
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let written = std::pin::pin!(writer.write(block)).poll(&mut context);
            assert!(written.is_ready());
        }
        assert!(running.block_on(writer.finish()).is_err());
        assert!(!queue.state().is_running);
        // Another runtime writes again.
        let mut writer = FileWriter::new(&queue, 0);
        running.block_on(async {
            writer.write(Block::of(vec![2; 10]).await).await.unwrap();
            writer.finish().await.unwrap();
        });
        assert_eq!(content(&part), [2; 10]);
    }
}
