//! `avala quality report`: quality targets of a project as a table and a plot.

#[cfg(feature = "plot")]
mod plot;
#[cfg(not(feature = "plot"))]
#[path = "quality/plot_absent.rs"]
mod plot;

use avala_client::types::Json;
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::commands::context::Context;
use crate::commands::files::write_text;
use crate::commands::known_fields;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::Outcome;

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["quality", "report"],
    about: "Compare the quality targets of a project with their last values",
    build: |command: Command| {
        command
            .arg(Arg::new("project").long("project").value_name("UID").required(true).help("Project"))
            .arg(
                Arg::new("svg")
                    .long("svg")
                    .value_name("FILE")
                    .value_parser(value_parser!(std::path::PathBuf))
                    .help("Also write a plot; an existing file is replaced"),
            )
            .after_help(
                "The values are those of the last evaluation; `avala quality-targets evaluate` starts a new one.\n\
                 Example:\n  avala quality report --project UID --svg quality.svg",
            )
    },
    run: |context, matches| Box::pin(run(context, matches)),
}];

const COLUMNS: &[&str] =
    &["name", "metric", "operator", "threshold", "last_value", "is_breached", "breach_count", "severity"];

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let project = matches.get_one::<String>("project").cloned().unwrap_or_default();
    let mut items = context.avala()?.quality_targets().list(project.as_str()).limit(500).decode_as::<Json>().items();
    let mut targets = Vec::new();
    while let Some(item) = items.next().await {
        targets.push(Data::of(&item?));
    }
    if let Some(path) = matches.get_one::<std::path::PathBuf>("svg") {
        let svg = plot::svg(&format!("Quality targets of project {project}"), &targets)?;
        write_text(path, &svg)?;
        context.notes.line(&format!("Wrote {}", path.display()));
    }
    context.printer.set_known(known_fields::of("quality_targets.list"));
    context.printer.value(&Data::List(targets), COLUMNS)
}
