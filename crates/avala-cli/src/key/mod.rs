//! Sources of the API key and the base URL.
//!
//! Options override the environment, and the environment overrides the file. Key and base URL have the same source,
//! unless both are options: a key must not go to a server that its owner did not choose for it.

pub(crate) mod command;
#[cfg(feature = "keyring")]
pub(crate) mod keyring;
#[cfg(not(feature = "keyring"))]
#[path = "keyring_absent.rs"]
pub(crate) mod keyring;
pub(crate) mod provider;
pub(crate) mod text;

use std::fs::File;
use std::io;
use std::path::PathBuf;

use avala_client::types::{AvalaConfig, Secret};

use crate::config::{Config, DEFAULT_PROFILE, Profile};
use crate::failure::{Failure, Outcome};

/// Source of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An option of the command line, with its name.
    Option(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// A profile; `true` if an option selected it.
    Profile(String, bool),
    /// A profile that `AVALA_PROFILE` selected.
    ProfileOfEnvironment(String),
    /// Built into the program.
    Default,
}

impl Origin {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Option(name) => format!("the option {name}"),
            Self::Environment(name) => format!("the environment variable {name}"),
            Self::Profile(name, _) => format!("the profile {name:?}"),
            Self::ProfileOfEnvironment(name) => format!("the profile {name:?} (AVALA_PROFILE)"),
            Self::Default => "the default".to_owned(),
        }
    }

    fn is_explicit(&self) -> bool {
        matches!(self, Self::Option(_) | Self::Profile(_, true))
    }

    /// Returns whether a key of this source may be sent to a base URL of the other source.
    fn goes_with(&self, base_url: &Self) -> bool {
        match (self, base_url) {
            (_, Self::Default) => true,
            _ if self.is_explicit() && base_url.is_explicit() => true,
            (Self::Environment(_), Self::Environment(_)) => true,
            (Self::Profile(key, _) | Self::ProfileOfEnvironment(key), _) => match base_url {
                Self::Profile(url, _) | Self::ProfileOfEnvironment(url) => key == url,
                _ => false,
            },
            _ => false,
        }
    }
}

/// Source of the key.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    Text(Secret),
    /// The key in a file, which is read again after a 401.
    File(PathBuf, Secret),
    /// A command, run again when its key expired, and once after a 401.
    Command(String),
    /// The key of this profile in the system keyring; read when a call needs it, and again after a 401.
    Keyring(String),
}

/// The options that choose a key and a base URL.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyOptions {
    pub(crate) api_key: Option<String>,
    pub(crate) api_key_file: Option<PathBuf>,
    pub(crate) api_key_command: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) allow_insecure_base_url: bool,
    pub(crate) profile: Option<String>,
}

/// The settings of a connection and their sources.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) key: Option<KeySource>,
    pub(crate) key_origin: Origin,
    pub(crate) base_url: String,
    pub(crate) base_url_origin: Origin,
    pub(crate) allow_insecure_base_url: bool,
    /// The profile whose other settings apply.
    pub(crate) profile: Option<String>,
    pub(crate) organization: Option<String>,
}

/// Returns the selected profile and the source of the selection; `None` without a selection and a default profile.
pub(crate) fn chosen_profile(config: &Config, option: Option<&str>) -> Outcome<Option<(String, Origin)>> {
    let environment = environment("AVALA_PROFILE")?;
    let (name, origin) = match (option, environment) {
        (Some(name), _) => (name.to_owned(), Origin::Profile(name.to_owned(), true)),
        (None, Some(name)) => (name.clone(), Origin::ProfileOfEnvironment(name)),
        (None, None) => {
            let name = config.default_profile().unwrap_or(DEFAULT_PROFILE).to_owned();
            if config.profile(&name)?.is_none() && config.default_profile().is_none() {
                return Ok(None);
            }
            (name.clone(), Origin::Profile(name, false))
        }
    };
    if config.profile(&name)?.is_none() {
        let known = config.profile_names();
        let known =
            if known.is_empty() { "there are none".to_owned() } else { format!("there are: {}", known.join(", ")) };
        return Err(Failure::usage(format!(
            "there is no profile {name:?} in {}; {known}; `avala login --profile NAME` creates one",
            config.path.display()
        )));
    }
    Ok(Some((name, origin)))
}

impl Connection {
    /// Selects the key and the base URL.
    pub(crate) fn resolve(options: &KeyOptions, config: &Config) -> Outcome<Self> {
        let chosen = chosen_profile(config, options.profile.as_deref())?;
        let (name, origin) = match chosen {
            Some((name, origin)) => (Some(name), Some(origin)),
            None => (None, None),
        };
        let profile = match &name {
            Some(name) => config.profile(name)?.unwrap_or_default(),
            None => Profile::default(),
        };
        let environment_key = environment("AVALA_API_KEY")?;
        let is_explicit_profile = origin.as_ref().is_some_and(Origin::is_explicit);
        if let (Some(_), Some(Origin::ProfileOfEnvironment(name))) = (&environment_key, &origin) {
            return Err(Failure::usage(format!(
                "the environment has a key (AVALA_API_KEY) and a profile (AVALA_PROFILE={name}): unset one of them"
            )));
        }
        let from_profile = || -> Outcome<Option<KeySource>> { profile_key(&profile, name.as_deref()) };
        let (key, key_origin) = if let Some((key, origin)) = option_key(options)? {
            (Some(key), origin)
        } else if let (Some(key), false) = (environment_key, is_explicit_profile) {
            let key = text::clean("the environment variable AVALA_API_KEY", key.as_bytes())?;
            (Some(KeySource::Text(key)), Origin::Environment("AVALA_API_KEY"))
        } else {
            (from_profile()?, origin.clone().unwrap_or(Origin::Default))
        };
        let (base_url, base_url_origin) = base_url(options, &profile, origin.as_ref())?;
        if key.is_some() && !key_origin.goes_with(&base_url_origin) {
            return Err(Failure::usage(format!(
                "the API key comes from {} and the base URL from {}: a key is not sent to a server from another source; \
                 choose both in one place, or pass both as options",
                key_origin.describe(),
                base_url_origin.describe()
            )));
        }
        let allow_insecure_base_url = options.allow_insecure_base_url
            || profile.allow_insecure_base_url
                && matches!(base_url_origin, Origin::Profile(..) | Origin::ProfileOfEnvironment(_))
            || environment("AVALA_ALLOW_INSECURE_BASE_URL")?.is_some_and(|text| is_true(&text));
        Ok(Self {
            key,
            key_origin,
            base_url,
            base_url_origin,
            allow_insecure_base_url,
            organization: profile.organization.clone(),
            profile: name,
        })
    }
}

pub(crate) fn option_key(options: &KeyOptions) -> Outcome<Option<(KeySource, Origin)>> {
    let KeyOptions { api_key, api_key_file, api_key_command, .. } = options;
    Ok(match (api_key, api_key_file, api_key_command) {
        (Some(key), ..) => {
            let key = text::clean("the option --api-key", key.as_bytes())?;
            Some((KeySource::Text(key), Origin::Option("--api-key")))
        }
        (_, Some(path), _) if path.as_os_str() == "-" => {
            let key = text::read("stdin (--api-key-file -)", io::stdin().lock())?;
            Some((KeySource::Text(key), Origin::Option("--api-key-file")))
        }
        (_, Some(path), _) => Some((key_file(path)?, Origin::Option("--api-key-file"))),
        (.., Some(command)) => Some((KeySource::Command(command.clone()), Origin::Option("--api-key-command"))),
        _ => None,
    })
}

fn profile_key(profile: &Profile, name: Option<&str>) -> Outcome<Option<KeySource>> {
    let source = format!("the profile {:?}", name.unwrap_or_default());
    Ok(if let Some(key) = &profile.api_key {
        Some(KeySource::Text(text::clean(&source, key.as_bytes())?))
    } else if let Some(path) = &profile.api_key_file {
        Some(key_file(path.as_ref())?)
    } else if let Some(command) = &profile.api_key_command {
        Some(KeySource::Command(command.clone()))
    } else if profile.keyring {
        Some(KeySource::Keyring(name.unwrap_or_default().to_owned()))
    } else {
        None
    })
}

/// Reads the key in a file now, so that an unreadable file counts as wrong usage. A pipe, as of `<(...)`, can be read only
/// once: its key stays the same.
fn key_file(path: &std::path::Path) -> Outcome<KeySource> {
    let key = read_file(path)?;
    Ok(if path.is_file() { KeySource::File(path.to_owned(), key) } else { KeySource::Text(key) })
}

/// Reads the key in a file.
pub(crate) fn read_file(path: &std::path::Path) -> Outcome<Secret> {
    let file = File::open(path)
        .map_err(|error| Failure::usage(format!("cannot read the API key file {}: {error}", path.display())))?;
    text::read(&format!("the file {}", path.display()), file)
}

fn base_url(options: &KeyOptions, profile: &Profile, origin: Option<&Origin>) -> Outcome<(String, Origin)> {
    let is_default = |url: &str| url.trim_end_matches('/') == AvalaConfig::DEFAULT_BASE_URL.trim_end_matches('/');
    let (url, from) = if let Some(url) = &options.base_url {
        (url.clone(), Origin::Option("--base-url"))
    } else if let (Some(url), Some(origin)) = (&profile.base_url, origin.filter(|origin| origin.is_explicit())) {
        (url.clone(), origin.clone())
    } else if let Some(url) = environment("AVALA_BASE_URL")? {
        (url, Origin::Environment("AVALA_BASE_URL"))
    } else if let (Some(url), Some(origin)) = (&profile.base_url, origin) {
        (url.clone(), origin.clone())
    } else {
        (AvalaConfig::DEFAULT_BASE_URL.to_owned(), Origin::Default)
    };
    let from = if is_default(&url) && !from.is_explicit() { Origin::Default } else { from };
    Ok((url, from))
}

/// Returns a variable that is set and not empty.
pub(crate) fn environment(name: &'static str) -> Outcome<Option<String>> {
    match std::env::var(name) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("the environment variable {name} is not UTF-8")))
        }
    }
}

/// Parses a flag of the environment like the official programs.
pub(crate) fn is_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_only_to_a_base_url_of_the_same_source() {
        let option = Origin::Option("--x");
        let environment = Origin::Environment("X");
        let profile = |is_explicit| Origin::Profile("b".to_owned(), is_explicit);
        let other = Origin::Profile("c".to_owned(), false);
        for (key, url, may) in [
            (&option, &option, true),
            (&option, &environment, false),
            (&option, &profile(true), true),
            (&option, &profile(false), false),
            (&environment, &environment, true),
            (&environment, &option, false),
            (&environment, &profile(false), false),
            (&profile(false), &profile(false), true),
            (&profile(true), &option, true),
            (&profile(false), &option, false),
            (&profile(true), &environment, false),
            (&profile(false), &environment, false),
            (&profile(false), &other, false),
        ] {
            assert_eq!(key.goes_with(url), may, "{key:?} {url:?}");
            assert!(key.goes_with(&Origin::Default));
        }
    }
}
