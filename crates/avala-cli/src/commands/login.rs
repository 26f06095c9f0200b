//! `login`, `logout`, `configure` and `whoami`.

use avala_client::types::{AvalaConfig, Secret};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::config::{Config, DEFAULT_PROFILE, Profile};
use crate::data::Data;
use crate::failure::{Failure, Outcome, after_printing};
use crate::key::{Connection, KeySource, Origin, keyring, text};
use crate::{client, key};

pub(super) const COMMANDS: &[Special] = &[
    Special {
        path: &["login"],
        about: "Test an API key and store it in a profile",
        build: |command| {
            build(command).after_help(
                "Examples:\n  avala login\n  avala login --profile staging --base-url https://staging.example/api/v1\n  \
                 vault read -field=key secret/avala | avala login --api-key-file -\n\n\
                 The key is prompted for without an echo, or read from --api-key-file, and stored in the configuration \
                 file with mode 0600. With --api-key-command only the command is stored.",
            )
        },
        run: |context, matches| Box::pin(login(context, matches, false)),
    },
    Special {
        path: &["configure"],
        about: "Ask for the API key and the base URL, and store them in a profile",
        build: |command| build(command).after_help("Example:\n  avala configure --profile staging"),
        run: |context, matches| Box::pin(login(context, matches, true)),
    },
    Special {
        path: &["logout"],
        about: "Remove the API key of a profile",
        build: |command| command.after_help("Example:\n  avala logout --profile staging"),
        run: |context, _| Box::pin(logout(context)),
    },
    Special {
        path: &["whoami"],
        about: "Show the user of the key, and the sources of key and base URL",
        build: |command| command.after_help("Example:\n  avala whoami -o json"),
        run: |context, _| Box::pin(whoami(context)),
    },
];

fn build(command: Command) -> Command {
    command
        .arg(Arg::new("organization").long("organization").value_name("SLUG").help("Organization of the profile"))
        .arg(
            Arg::new("keyring")
                .long("keyring")
                .action(ArgAction::SetTrue)
                .help("Store the key in the system keyring instead of the file; needs the feature `keyring`"),
        )
        .arg(Arg::new("no-verify").long("no-verify").action(ArgAction::SetTrue).help("Store the key without a test"))
}

async fn login(context: &mut Context, matches: &ArgMatches, asks_for_url: bool) -> Outcome {
    let path = context.config_path()?;
    let config = Config::load(&path)?;
    let options = context.globals.key.clone();
    let environment = key::environment("AVALA_PROFILE")?;
    let name = options.profile.clone().or(environment);
    let name = name.unwrap_or_else(|| config.default_profile().unwrap_or(DEFAULT_PROFILE).to_owned());
    check_name(&name)?;
    let old = config.profile(&name)?.unwrap_or_default();
    let mut profile = Profile { organization: old.organization.clone(), ..Profile::default() };
    if let Some(organization) = matches.get_one::<String>("organization") {
        profile.organization = Some(organization.clone());
    }
    let known_url = options.base_url.clone().or_else(|| old.base_url.clone());
    let url = match (known_url, asks_for_url && options.base_url.is_none()) {
        (Some(url), false) => url,
        (url, true) => {
            let default = url.unwrap_or_else(|| AvalaConfig::DEFAULT_BASE_URL.to_owned());
            context.prompt.text("Base URL", &default, "--base-url").await?
        }
        (None, false) => {
            if std::env::var_os("AVALA_BASE_URL").is_some_and(|url| !url.is_empty()) {
                return Err(Failure::usage(
                    "AVALA_BASE_URL is set, and a key is stored together with a base URL: pass --base-url to say which one",
                ));
            }
            AvalaConfig::DEFAULT_BASE_URL.to_owned()
        }
    };
    profile.base_url = Some(url.clone());
    profile.allow_insecure_base_url = options.allow_insecure_base_url
        || old.allow_insecure_base_url
        || std::env::var("AVALA_ALLOW_INSECURE_BASE_URL").is_ok_and(|text| key::is_true(&text));
    let source = match key::option_key(&options)? {
        Some((source, _)) => source,
        None => {
            context.prompt.check("API key", "--api-key-file")?;
            context.notes.line(&format!(
                "The key for {} is stored in the profile {name:?} of {}.",
                url,
                path.display()
            ));
            let typed = context.prompt.secret("API key", "--api-key-file").await?;
            KeySource::Text(text::clean("the terminal", typed.as_bytes())?)
        }
    };
    match &source {
        KeySource::Text(key) => profile.api_key = Some(key.expose().to_owned()),
        KeySource::File(_, key) => profile.api_key = Some(key.expose().to_owned()),
        KeySource::Command(command) => profile.api_key_command = Some(command.clone()),
        // No option sets the key.
        KeySource::Keyring(_) => {}
    }
    let for_keyring = match (matches.get_flag("keyring"), &profile.api_key) {
        (false, _) => None,
        (true, Some(key)) => Some(Secret::from(key.as_str())),
        (true, None) => return Err(Failure::usage("--keyring stores a key, and --api-key-command has none to store")),
    };
    if for_keyring.is_some() {
        profile.api_key = None;
        profile.keyring = true;
    }
    let connection = Connection {
        key: Some(source),
        key_origin: Origin::Profile(name.clone(), true),
        base_url: url.clone(),
        base_url_origin: match options.base_url {
            Some(_) => Origin::Option("--base-url"),
            None => Origin::Profile(name.clone(), true),
        },
        allow_insecure_base_url: profile.allow_insecure_base_url,
        profile: Some(name.clone()),
        organization: profile.organization.clone(),
    };
    let avala = client::with_key(&connection, context.globals.client)?;
    let organization = if matches.get_flag("no-verify") {
        None
    } else {
        let page = avala.organizations().list().limit(1).await.map_err(|error| {
            let failure = Failure::from(error);
            Failure::new(
                failure.code,
                format!("the key was not stored: {}; --no-verify stores it untested", failure.line()),
            )
        })?;
        page.items.first().map(|organization| organization.name.clone())
    };
    if let Some(key) = &for_keyring {
        keyring::store(&name, key).await.map_err(Failure::other)?;
    } else if old.keyring {
        // The new key is in the file: remove the old one from the keyring.
        keyring::remove(&name).await.map_err(Failure::other)?;
    }
    Config::update(&path, |config| {
        if matches.get_one::<String>("organization").is_none() {
            // Another command may have set it since.
            profile.organization = config.profile(&name)?.unwrap_or_default().organization;
        }
        config.set_profile(&name, &profile)?;
        if config.default_profile().is_none() {
            config.set_default_profile(&name);
        }
        Ok(())
    })?;
    let of = organization.as_deref().map(|name| format!(", organization {name}")).unwrap_or_default();
    let sentence = format!("Stored the key for {url} in the profile {name:?}{of}.");
    let result = [
        ("ok", true.into()),
        ("profile", name.into()),
        ("base_url", url.into()),
        ("organization", organization.into()),
        ("config_file", path.display().to_string().into()),
    ];
    context.printer.done(&sentence, &Data::map(result))
}

/// Checks that a name can be written in the file, on a command line and in messages.
fn check_name(name: &str) -> Outcome {
    let is_good = |character: char| character.is_alphanumeric() || "-_.@".contains(character);
    if !name.is_empty() && !name.starts_with('-') && name.len() <= 64 && name.chars().all(is_good) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{name:?} is not a valid profile name: use letters, digits, `-`, `_`, `.` and `@`, at most 64, and no `-` at the start"
    )))
}

async fn logout(context: &mut Context) -> Outcome {
    let path = context.config_path()?;
    let config = Config::load(&path)?;
    let chosen = key::chosen_profile(&config, context.globals.key.profile.as_deref())?;
    let Some((name, _)) = chosen else {
        return Err(Failure::usage(format!("there is no profile in {}", path.display())));
    };
    if config.profile(&name)?.is_some_and(|profile| profile.keyring) {
        keyring::remove(&name).await.map_err(Failure::other)?;
    }
    Config::update(&path, |config| {
        let Some(profile) = config.profile(&name)? else { return Ok(()) };
        let without_key = Profile {
            base_url: profile.base_url,
            allow_insecure_base_url: profile.allow_insecure_base_url,
            organization: profile.organization,
            ..Profile::default()
        };
        config.set_profile(&name, &without_key)
    })?;
    let result = [("ok", true.into()), ("profile", name.as_str().into())];
    context.printer.done(&format!("Removed the key of the profile {name:?}."), &Data::map(result))
}

async fn whoami(context: &mut Context) -> Outcome {
    let connection = context.connection()?.clone();
    let key_source = match (&connection.key, &connection.key_origin) {
        (None, _) => "none".to_owned(),
        (Some(KeySource::File(path, _)), origin) => format!("{}: the file {}", origin.describe(), path.display()),
        (Some(KeySource::Command(_)), origin) => format!("{}: a command", origin.describe()),
        (Some(KeySource::Keyring(_)), origin) => format!("{}: the system keyring", origin.describe()),
        (Some(KeySource::Text(_)), origin) => origin.describe(),
    };
    let user = match context.avala() {
        Ok(avala) => avala.users().me().await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let (user, failure) = match user {
        Ok(user) => (Data::of(&user), None),
        Err(failure) => (Data::Null, Some(failure)),
    };
    let config_file = context.config_path().ok().map(|path| path.display().to_string());
    let mut members = vec![
        ("profile".to_owned(), connection.profile.into()),
        ("key_source".to_owned(), key_source.into()),
        ("base_url".to_owned(), connection.base_url.into()),
        ("base_url_source".to_owned(), connection.base_url_origin.describe().into()),
        ("organization".to_owned(), connection.organization.into()),
        ("config_file".to_owned(), config_file.into()),
    ];
    members.push(("user".to_owned(), user));
    let printed = context.printer.value(&Data::Map(members), &[]);
    after_printing(printed, failure.map_or(Ok(()), Err))
}
