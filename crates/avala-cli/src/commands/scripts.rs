//! `avala shell-completion` and `avala man`. Neither opens a connection nor reads a key.

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_mangen::Man;
use clap_mangen::roff::Roff;

use crate::commands::context::Context;
use crate::commands::files::write_text;
use crate::commands::special::Special;
use crate::failure::{Failure, Outcome};
use crate::{completion, topics};

pub(super) const COMMANDS: &[Special] = &[
    Special {
        path: &["shell-completion"],
        about: "Print the completion script of a shell",
        build: |command: Command| {
            command
                .arg(
                    Arg::new("shell")
                        .value_name("SHELL")
                        .value_parser(["bash", "zsh", "fish", "powershell"])
                        .help("The shell [default: that of the variable SHELL, or bash]"),
                )
                .arg(
                    Arg::new("dynamic")
                        .long("dynamic")
                        .action(ArgAction::SetTrue)
                        .help("A script that calls this program, and also completes identifiers of the API"),
                )
                .after_help(
                    "Examples, with the place where each shell looks for its script:\n  \
                     avala shell-completion bash > ~/.local/share/bash-completion/completions/avala\n  \
                     avala shell-completion zsh > ~/.zfunc/_avala\n  \
                     avala shell-completion fish > ~/.config/fish/completions/avala.fish",
                )
        },
        run: |context, matches| Box::pin(async move { completion(context, matches) }),
    },
    Special {
        path: &["man"],
        about: "Print the man page, or write one for each command",
        build: |command: Command| {
            command
                .arg(
                    Arg::new("dir")
                        .long("dir")
                        .value_name("FOLDER")
                        .value_parser(value_parser!(std::path::PathBuf))
                        .help("Write avala.1, avala-datasets-list.1 and so on to this folder"),
                )
                .after_help("Example:\n  avala man | man -l -")
        },
        run: |context, matches| Box::pin(async move { man(context, matches) }),
    },
];

fn completion(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let of_environment = || {
        let shell = std::env::var("SHELL").unwrap_or_default();
        shell.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let name = matches.get_one::<String>("shell").cloned().unwrap_or_else(of_environment);
    let shell = completion::shell(&name).unwrap_or(clap_complete::Shell::Bash);
    if matches.get_flag("dynamic") {
        context.printer.write(completion::dynamic_script(shell)?)?;
    } else {
        context.printer.write(&String::from_utf8_lossy(&completion::static_script(shell, (context.root)())))?;
    }
    context.printer.flush()
}

fn man(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let mut root = (context.root)();
    root.build();
    let Some(folder) = matches.get_one::<std::path::PathBuf>("dir") else {
        context.printer.write(&page(&root, "avala")?)?;
        return context.printer.flush();
    };
    let failed = |error: std::io::Error| Failure::other(format!("cannot write to {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut count = 0;
    write_pages(&root, "avala", folder, &mut count)?;
    context.notes.line(&format!("Wrote {count} pages to {}", folder.display()));
    Ok(())
}

fn write_pages(command: &Command, name: &str, folder: &Path, count: &mut usize) -> Outcome {
    write_text(&folder.join(format!("{name}.1")), &page(command, name)?)?;
    *count += 1;
    for child in command.get_subcommands() {
        write_pages(child, &format!("{name}-{}", child.get_name()), folder, count)?;
    }
    Ok(())
}

/// Returns a man page. The page of the program also has the help topics.
fn page(command: &Command, name: &str) -> Outcome<String> {
    let failed = |error: std::io::Error| Failure::other(format!("cannot make the man page: {error}"));
    let mut page = Vec::new();
    Man::new(command.clone().name(name.to_owned())).render(&mut page).map_err(failed)?;
    if name == "avala" {
        for (title, text) in topics::all() {
            let mut roff = Roff::new();
            roff.control("SH", [title.to_uppercase().as_str()]);
            roff.control("nf", []);
            for line in text.lines() {
                roff.text([clap_mangen::roff::roman(line)]);
            }
            roff.control("fi", []);
            roff.to_writer(&mut page).map_err(failed)?;
        }
    }
    String::from_utf8(page).map_err(|error| Failure::other(error.to_string()))
}
