//! `avala profiles`.

use clap::{Arg, ArgAction, Command};

use crate::commands::context::Context;
use crate::commands::run::confirm;
use crate::commands::special::Special;
use crate::config::Config;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::key;

pub(super) const COMMANDS: &[Special] = &[
    Special {
        path: &["profiles", "list"],
        about: "List profiles, without their keys",
        build: |command| command.after_help("Example:\n  avala profiles list -o json"),
        run: |context, _| Box::pin(async move { list(context) }),
    },
    Special {
        path: &["profiles", "use"],
        about: "Make a profile the default one",
        build: |command| named(command).after_help("Example:\n  avala profiles use staging"),
        run: |context, matches| Box::pin(async move { choose(context, &name(matches)) }),
    },
    Special {
        path: &["profiles", "set"],
        about: "Change settings of a profile",
        build: |command| {
            named(command)
                .arg(
                    Arg::new("organization")
                        .long("organization")
                        .value_name("SLUG")
                        .help("Organization of the profile; an empty text removes it"),
                )
                .after_help("Example:\n  avala profiles set work --organization acme")
        },
        run: |context, matches| {
            let organization = matches.get_one::<String>("organization").cloned();
            Box::pin(async move { set(context, &name(matches), organization) })
        },
    },
    Special {
        path: &["profiles", "remove"],
        about: "Remove a profile with its key",
        build: |command| {
            named(command)
                .arg(Arg::new("yes").long("yes").short('y').action(ArgAction::SetTrue).help("Do not prompt"))
                .after_help("Example:\n  avala profiles remove staging --yes")
        },
        run: |context, matches| {
            let is_sure = matches.get_flag("yes");
            Box::pin(async move { remove(context, &name(matches), is_sure).await })
        },
    },
];

fn named(command: Command) -> Command {
    command.arg(Arg::new("name").value_name("NAME").required(true).help("Profile"))
}

fn name(matches: &clap::ArgMatches) -> String {
    matches.get_one::<String>("name").cloned().unwrap_or_default()
}

fn list(context: &mut Context) -> Outcome {
    let config = context.config()?;
    let used =
        key::chosen_profile(&config, context.globals.key.profile.as_deref()).ok().flatten().map(|(name, _)| name);
    let mut profiles = Vec::new();
    for name in config.profile_names() {
        let profile = config.profile(&name)?.unwrap_or_default();
        let key = if profile.api_key.is_some() {
            "file"
        } else if profile.api_key_file.is_some() {
            "api_key_file"
        } else if profile.api_key_command.is_some() {
            "api_key_command"
        } else if profile.keyring {
            "keyring"
        } else {
            "none"
        };
        profiles.push(Data::map([
            ("name", name.as_str().into()),
            ("is_used", (used.as_deref() == Some(&name)).into()),
            ("key", key.into()),
            ("base_url", profile.base_url.into()),
            ("organization", profile.organization.into()),
        ]));
    }
    context.printer.value(&Data::List(profiles), &["name", "is_used", "key", "base_url", "organization"])
}

fn unknown(name: &str) -> Failure {
    Failure::usage(format!("there is no profile {name:?}; `avala profiles list` shows them"))
}

fn choose(context: &mut Context, name: &str) -> Outcome {
    Config::update(&context.config_path()?, |config| {
        config.profile(name)?.ok_or_else(|| unknown(name))?;
        config.set_default_profile(name);
        Ok(())
    })?;
    let result = [("ok", true.into()), ("default_profile", name.into())];
    context.printer.done(&format!("The profile {name:?} is used from now on."), &Data::map(result))
}

fn set(context: &mut Context, name: &str, organization: Option<String>) -> Outcome {
    Config::update(&context.config_path()?, |config| {
        let mut profile = config.profile(name)?.ok_or_else(|| unknown(name))?;
        if let Some(organization) = organization {
            profile.organization = Some(organization).filter(|slug| !slug.is_empty());
        }
        config.set_profile(name, &profile)
    })?;
    context
        .printer
        .done(&format!("Changed the profile {name:?}."), &Data::map([("ok", true.into()), ("profile", name.into())]))
}

async fn remove(context: &mut Context, name: &str, is_sure: bool) -> Outcome {
    let profile = context.config()?.profile(name)?.ok_or_else(|| unknown(name))?;
    if !is_sure {
        confirm(context, &format!("Remove the profile {name:?} with its key?")).await?;
    }
    if profile.keyring {
        key::keyring::remove(name).await.map_err(Failure::other)?;
    }
    Config::update(
        &context.config_path()?,
        |config| {
            if config.remove_profile(name) { Ok(()) } else { Err(unknown(name)) }
        },
    )?;
    context
        .printer
        .done(&format!("Removed the profile {name:?}."), &Data::map([("ok", true.into()), ("profile", name.into())]))
}
