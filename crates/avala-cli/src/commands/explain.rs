//! Explains commands that need the Python packages of the official program.

use clap::{Arg, ArgAction, Command};

use crate::commands::special::Special;
use crate::failure::Failure;

/// The commands and their alternatives.
const UNSUPPORTED: &[(&[&str], &str)] = &[
    (
        &["import", "rosbag"],
        "reading ROS bags needs the Python packages of the official program: \
         use it for this, or convert the bag to MCAP and upload that with `avala datasets upload --data-type mcap`",
    ),
    (
        &["import", "lerobot"],
        "reading LeRobot datasets needs the Python packages of the official program: use it for this, \
         or upload the images of the dataset with `avala datasets upload`",
    ),
    (
        &["lerobot", "export"],
        "writing LeRobot datasets needs the Python packages of the official program: use it for this, \
         or export with `avala exports create` and convert the result",
    ),
];

/// Fails with the explanation if the words begin with such a command.
pub(crate) fn unsupported(words: &[&str]) -> Result<(), Failure> {
    match UNSUPPORTED.iter().find(|(path, _)| words.starts_with(path)) {
        Some((path, why)) => {
            Err(Failure::usage(format!("`avala {}` is not a part of this program: {why}", path.join(" "))))
        }
        None => Ok(()),
    }
}

const fn special(path: &'static [&'static str]) -> Special {
    Special {
        path,
        about: "Not a part of this program; explains what to use instead",
        build: anything,
        run: |_, _| Box::pin(async { Err(Failure::usage("this command is not a part of this program")) }),
    }
}

fn anything(command: Command) -> Command {
    let rest = Arg::new("rest").num_args(..).action(ArgAction::Append).trailing_var_arg(true);
    command
        .arg(rest.allow_hyphen_values(true).hide(true))
        .after_help("Example of what works:\n  avala datasets upload --source drive/ --name Drive --slug drive")
}

pub(super) const COMMANDS: &[Special] =
    &[special(&["import", "rosbag"]), special(&["import", "lerobot"]), special(&["lerobot", "export"]), IMPORTS];

const IMPORTS: Special = Special {
    path: &["import", "list"],
    about: "List what can be imported",
    build: |command| command.after_help("Example:\n  avala import list"),
    run: |context, _| {
        Box::pin(async move {
            let source = |name: &str, supported: bool, how: &str| {
                crate::data::Data::map([("name", name.into()), ("supported", supported.into()), ("how", how.into())])
            };
            let sources = vec![
                source("cloud", true, "avala import cloud"),
                source("folder", true, "avala import folder"),
                source("lerobot", false, "the official program"),
                source("rosbag", false, "the official program, or MCAP files with avala datasets upload"),
            ];
            context.printer.value(&crate::data::Data::List(sources), &["name", "supported", "how"])
        })
    },
};
