//! Progress of transfers: a bar on a terminal, a line per minute without one, events for programs.

use std::time::{Duration, Instant};

use avala_transfer::{Event, Phase, Totals};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands::context::Context;
use crate::data::Data;
use crate::failure::Outcome;
use crate::output::{Format, escape, json};

const LINE_INTERVAL: Duration = Duration::from_secs(60);

/// Templates of the bar, by the minimum width of the terminal. The last one is truncated to the width.
const TEMPLATES: &[(u16, &str)] = &[
    (90, "{bar:24} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}"),
    (50, "{bar:10} {bytes}/{total_bytes} {wide_msg}"),
    (0, "{percent}% {wide_msg}"),
];

/// A bar and its current template.
struct Bar {
    bar: ProgressBar,
    template: &'static str,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let mut template = "";
        fit(&bar, &mut template);
        Self { bar, template }
    }
}

/// Changes the template if the terminal was resized, to keep the bar on one line.
fn fit(bar: &ProgressBar, template: &mut &'static str) {
    let width = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| width.0);
    let fitting = TEMPLATES.iter().find(|(least, _)| width >= *least).map_or("", |(_, fitting)| fitting);
    if *template == fitting {
        return;
    }
    *template = fitting;
    // The templates are valid: a test parses them.
    if let Ok(style) = ProgressStyle::with_template(fitting) {
        bar.set_style(style.progress_chars("=> "));
    }
}

pub(super) struct Progress {
    kind: Kind,
}

enum Kind {
    Bar(Bar),
    Lines(Instant),
    Events,
    Silent,
}

impl Progress {
    pub(super) fn new(context: &Context) -> Self {
        let kind = match context.globals.format {
            Format::NdJson => Kind::Events,
            Format::Json => Kind::Silent,
            _ if context.terminal.stderr => Kind::Bar(Bar::new()),
            _ => Kind::Lines(Instant::now()),
        };
        Self { kind }
    }

    pub(super) fn event(&mut self, context: &mut Context, event: &Event) -> Outcome {
        match &mut self.kind {
            Kind::Silent => {}
            Kind::Events => {
                if let Some(data) = data_of(event) {
                    context.printer.write(&(json::compact(&data) + "\n"))?;
                    context.printer.flush()?;
                }
            }
            Kind::Bar(Bar { bar, template }) => match event {
                Event::Progress(totals) => {
                    fit(bar, template);
                    bar.set_length(totals.bytes_total);
                    bar.set_position(totals.bytes_done);
                    bar.set_message(format!("{}/{} files", totals.files_done, totals.files_total));
                }
                Event::Phase(phase) => bar.set_message(name(*phase)),
                other => {
                    if let Some(line) = line(other) {
                        bar.suspend(|| context.notes.line(&line));
                    }
                }
            },
            Kind::Lines(last) => match event {
                Event::Progress(totals) if last.elapsed() >= LINE_INTERVAL => {
                    *last = Instant::now();
                    context.notes.line(&summary(totals));
                }
                other => {
                    if let Some(line) = line(other) {
                        context.notes.line(&line);
                    }
                }
            },
        }
        Ok(())
    }

    /// Removes the bar, and shows nothing from now on.
    pub(super) fn end(&mut self) {
        if let Kind::Bar(Bar { bar, .. }) = &self.kind {
            bar.finish_and_clear();
        }
        self.kind = Kind::Silent;
    }
}

fn summary(totals: &Totals) -> String {
    format!(
        "{} of {} bytes, {} of {} files, {:.0} bytes/s",
        totals.bytes_done, totals.bytes_total, totals.files_done, totals.files_total, totals.rate
    )
}

/// Returns the text of an event that is printed immediately.
fn line(event: &Event) -> Option<String> {
    let text = match event {
        Event::FileFailed { path, error } => format!("{path}: {error}"),
        Event::Retry { path, attempt, wait, error } => {
            format!("{path}: attempt {attempt} failed, waiting {:.1} s: {error}", wait.as_secs_f64())
        }
        Event::Warning(warning) => format!("Warning: {warning}"),
        _ => return None,
    };
    Some(escape::line(&text).into_owned())
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Inventory => "inventory",
        Phase::Transfer => "transfer",
        Phase::Verify => "verify",
        Phase::Finish => "finish",
        Phase::Wait => "wait",
        _ => "running",
    }
}

fn data_of(event: &Event) -> Option<Data> {
    let file = |kind: &str, path: &str, name: &str, value: Data| {
        Data::map([("event", kind.into()), ("path", path.into()), (name, value)])
    };
    Some(match event {
        Event::Phase(phase) => Data::map([("event", "phase".into()), ("phase", name(*phase).into())]),
        Event::Progress(totals) => Data::map([
            ("event", "progress".into()),
            ("bytes_total", totals.bytes_total.into()),
            ("bytes_done", totals.bytes_done.into()),
            ("files_total", totals.files_total.into()),
            ("files_done", totals.files_done.into()),
            ("bytes_per_second", Data::Number(format!("{:.0}", totals.rate))),
        ]),
        Event::FileStarted { path, size } => file("file_started", path, "size", (*size).into()),
        Event::FileDone { path, bytes } => file("file_done", path, "bytes", (*bytes).into()),
        Event::FileSkipped { path } => file("file_skipped", path, "bytes", Data::from(0_u64)),
        Event::FileFailed { path, error } => file("file_failed", path, "error", error.as_str().into()),
        Event::Retry { path, error, .. } => file("retry", path, "error", error.as_str().into()),
        Event::Warning(warning) => Data::map([("event", "warning".into()), ("message", warning.as_str().into())]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_of_the_bar_are_valid() {
        for (_, template) in TEMPLATES {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
