//! Downloads to a writer of the caller.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::io::AsyncWrite;

use super::options::Options;
use super::receive::BlockWriter as _;
use super::run;
use super::sink::{AsyncWriter, stream};
use super::source::Source;
use crate::error::{Error, FileOutcome, FileReport, Report};
use crate::run::{Run, RunContext, RunSettings};
use crate::transfers::Transfers;

/// Download of one object to a writer. Created by [`ObjectDownload::to_writer`](crate::ObjectDownload::to_writer).
#[derive(Debug)]
#[must_use = "a download does nothing until it is awaited or started"]
pub struct WriterDownload<W> {
    transfers: Transfers,
    source: Source,
    writer: W,
    settings: RunSettings,
}

impl<W: AsyncWrite + Unpin + Send + 'static> WriterDownload<W> {
    pub(crate) fn new(transfers: Transfers, source: Source, writer: W) -> Self {
        Self { transfers, source, writer, settings: RunSettings::default() }
    }

    /// Ends the run with [`ErrorKind::LimitReached`](crate::ErrorKind::LimitReached) before it receives more than
    /// `bytes`.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.settings.max_bytes = Some(bytes);
        self
    }

    /// Ends the run with [`ErrorKind::LimitReached`](crate::ErrorKind::LimitReached) after this time.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.settings.max_time = Some(time);
        self
    }

    /// Starts the download as a task of the current Tokio runtime. The run returns the writer.
    pub fn start(self) -> Run<(W, Report)> {
        let context = RunContext::new(&self.transfers, self.settings);
        Run::start_graceful(context, move |context| async move {
            let listing = self.source.list(&self.transfers).await?;
            let Some(object) = listing.objects.into_iter().next() else { return Err(Error::aborted()) };
            let within = run::context(&context, &Options::default());
            context.meter.add_files(1, object.size.unwrap_or_default());
            let mut writer = AsyncWriter(self.writer);
            let size = stream(&within, &object.remote(), &mut writer).await?;
            writer.finish().await?;
            context.meter.file_done();
            let totals = context.meter.totals();
            let file = FileReport { path: object.name, size, outcome: FileOutcome::Transferred };
            let report = Report { files: vec![file], elapsed: totals.elapsed, totals, warnings: listing.warnings };
            Ok((writer.0, report))
        })
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> IntoFuture for WriterDownload<W> {
    type Output = Result<(W, Report), Error>;
    type IntoFuture = Run<(W, Report)>;

    fn into_future(self) -> Run<(W, Report)> {
        self.start()
    }
}
