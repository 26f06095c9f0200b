//! The configuration file: profiles with their keys, base URLs, aliases and default options.

mod store;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use toml_edit::{DocumentMut, Item, TableLike, value};

use crate::failure::{Failure, Outcome};

/// Name of the profile that is used if none is chosen.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// The parsed file. A missing file is read as an empty one.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) path: PathBuf,
    document: DocumentMut,
}

/// The settings of one profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Profile {
    pub(crate) api_key: Option<String>,
    pub(crate) api_key_file: Option<String>,
    pub(crate) api_key_command: Option<String>,
    pub(crate) keyring: bool,
    pub(crate) base_url: Option<String>,
    pub(crate) allow_insecure_base_url: bool,
    pub(crate) organization: Option<String>,
}

/// Returns the path of the file: `--config-file`, `AVALA_CONFIG_FILE`, or `avala/config.toml` in the XDG configuration
/// folder.
pub(crate) fn path_of(option: Option<&Path>) -> Outcome<PathBuf> {
    if let Some(path) = option {
        return Ok(path.to_owned());
    }
    if let Some(path) = std::env::var_os("AVALA_CONFIG_FILE").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let folders = etcetera::base_strategy::Xdg::new().map_err(|_| {
        Failure::usage("no folder for the configuration file: set HOME, XDG_CONFIG_HOME, or pass --config-file")
    })?;
    Ok(folders.config_dir().join("avala").join("config.toml"))
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// Fails with wrong usage if other users can read the file, or if it is invalid; the message has the line.
    pub(crate) fn load(path: &Path) -> Outcome<Self> {
        let text = store::read(path)?.unwrap_or_default();
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Outcome<Self> {
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            // The error of the parser shows the line, which may contain a key.
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let message = error.message().trim().replace('\n', "; ");
            Failure::usage(format!("{}, line {line}: {message}; correct it, nothing was changed", path.display()))
        })?;
        let config = Self { path: path.to_owned(), document };
        let tables = config.document.get("profiles").map(|profiles| {
            profiles.as_table_like().is_some_and(|profiles| profiles.iter().all(|(_, profile)| profile.is_table_like()))
        });
        if tables == Some(false) {
            let shown = path.display();
            return Err(Failure::usage(format!(
                "{shown}: `profiles` has to be a table of tables, such as [profiles.NAME]"
            )));
        }
        if config.document.get("default_profile").is_some_and(|name| !name.is_str()) {
            return Err(Failure::usage(format!("{}: `default_profile` has to be a string", path.display())));
        }
        config.check_texts(config.document.get("aliases"), "aliases")?;
        for name in config.profile_names() {
            config.profile(&name)?;
            for member in ["aliases", "defaults"] {
                let table = config.table(&name).and_then(|profile| profile.get(member));
                config.check_texts(table, &format!("{member} of the profile {name:?}"))?;
            }
        }
        Ok(config)
    }

    /// Fails unless an item is a table of command lines.
    fn check_texts(&self, item: Option<&Item>, what: &str) -> Outcome {
        let is_line = |item: &Item| item.as_str().is_some_and(|line| shlex::split(line).is_some());
        let is_good =
            |item: &Item| item.as_table_like().is_some_and(|table| table.iter().all(|(_, item)| is_line(item)));
        if item.is_none_or(is_good) {
            return Ok(());
        }
        let path = self.path.display();
        Err(Failure::usage(format!("{path}: {what} have to be a table of strings, each with all quotes closed")))
    }

    /// Changes the file: reads it again under a lock, and replaces it in one step.
    ///
    /// # Errors
    /// Fails like [`load`](Self::load), and if the file cannot be written; the message then has the new text without
    /// keys.
    pub(crate) fn update(path: &Path, change: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let lock = store::lock(path)?;
        let mut config = Self::load(path)?;
        let before = config.document.to_string();
        change(&mut config)?;
        let after = config.document.to_string();
        if before == after {
            return Ok(());
        }
        lock.replace(&after).map_err(|error| {
            let shown = config.without_keys().replace('\n', " ");
            Failure::other(format!("{error}; it would have been: {}", shown.trim()))
        })
    }

    pub(crate) fn profile_names(&self) -> Vec<String> {
        let profiles = self.document.get("profiles").and_then(Item::as_table_like);
        profiles.map(|profiles| profiles.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
    }

    /// Returns the profile that is used if no option or variable chooses another one.
    pub(crate) fn default_profile(&self) -> Option<&str> {
        self.document.get("default_profile").and_then(Item::as_str)
    }

    fn table(&self, profile: &str) -> Option<&dyn TableLike> {
        self.document.get("profiles")?.get(profile)?.as_table_like()
    }

    /// Returns the settings of a profile; `None` if there is no such profile.
    pub(crate) fn profile(&self, name: &str) -> Outcome<Option<Profile>> {
        let Some(table) = self.table(name) else { return Ok(None) };
        let wrong = |key: &str, expected: &str| {
            Failure::usage(format!("{}: {key} of the profile {name:?} has to be {expected}", self.path.display()))
        };
        let text = |key: &str| match table.get(key) {
            None => Ok(None),
            Some(item) => item.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| wrong(key, "a string")),
        };
        let flag = |key: &str| match table.get(key) {
            None => Ok(false),
            Some(item) => item.as_bool().ok_or_else(|| wrong(key, "true or false")),
        };
        let profile = Profile {
            api_key: text("api_key")?,
            api_key_file: text("api_key_file")?,
            api_key_command: text("api_key_command")?,
            keyring: flag("keyring")?,
            base_url: text("base_url")?,
            allow_insecure_base_url: flag("allow_insecure_base_url")?,
            organization: text("organization")?,
        };
        let sources = [profile.api_key.is_some(), profile.api_key_file.is_some(), profile.api_key_command.is_some()];
        if sources.into_iter().filter(|is_set| *is_set).count() + usize::from(profile.keyring) > 1 {
            return Err(wrong("the key", "in one of api_key, api_key_file, api_key_command and keyring"));
        }
        Ok(Some(profile))
    }

    /// Returns the words of an alias of the profile, or else of all profiles.
    pub(crate) fn alias(&self, profile: Option<&str>, name: &str) -> Option<&str> {
        let own = profile.and_then(|profile| self.table(profile)).and_then(|table| table.get("aliases"));
        let of = |aliases: &'_ Item| aliases.get(name).is_some_and(Item::is_str);
        own.filter(|aliases| of(aliases)).or_else(|| self.document.get("aliases"))?.get(name)?.as_str()
    }

    /// Returns the options that a profile adds to a command, such as `datasets list`, or to every command (`*`).
    pub(crate) fn default_options(&self, profile: &str, command: &str) -> Option<&str> {
        self.table(profile)?.get("defaults")?.get(command)?.as_str()
    }

    /// Writes the settings of a profile, and keeps its aliases, defaults and comments.
    pub(crate) fn set_profile(&mut self, name: &str, profile: &Profile) -> Outcome {
        let table = self.profile_table(name)?;
        let mut set = |key: &str, new: Option<Item>| match new {
            Some(new) if table.get(key).map(ToString::to_string) == Some(new.to_string()) => {}
            Some(new) => {
                table.insert(key, new);
            }
            None => {
                table.remove(key);
            }
        };
        set("api_key", profile.api_key.as_deref().map(value));
        set("api_key_file", profile.api_key_file.as_deref().map(value));
        set("api_key_command", profile.api_key_command.as_deref().map(value));
        set("keyring", profile.keyring.then(|| value(true)));
        set("base_url", profile.base_url.as_deref().map(value));
        set("allow_insecure_base_url", profile.allow_insecure_base_url.then(|| value(true)));
        set("organization", profile.organization.as_deref().map(value));
        Ok(())
    }

    fn profile_table(&mut self, name: &str) -> Outcome<&mut dyn TableLike> {
        let path = self.path.display().to_string();
        let wrong = || Failure::usage(format!("{path}: `profiles` has to be a table of tables"));
        let profiles = self.document.entry("profiles").or_insert_with(implicit_table);
        let profiles = profiles.as_table_like_mut().ok_or_else(wrong)?;
        let table = profiles.entry(name).or_insert_with(toml_edit::table);
        table.as_table_like_mut().ok_or_else(wrong)
    }

    /// Removes a profile; `false` if there is no such profile.
    pub(crate) fn remove_profile(&mut self, name: &str) -> bool {
        let profiles = self.document.get_mut("profiles").and_then(Item::as_table_like_mut);
        let is_removed = profiles.is_some_and(|profiles| profiles.remove(name).is_some());
        if is_removed && self.default_profile() == Some(name) {
            self.document.remove("default_profile");
        }
        is_removed
    }

    pub(crate) fn set_default_profile(&mut self, name: &str) {
        self.document.insert("default_profile", value(name));
    }

    /// Returns the text of the file with `***` for each key.
    fn without_keys(&self) -> String {
        let mut document = self.document.clone();
        let profiles = document.get_mut("profiles").and_then(Item::as_table_like_mut);
        for (_, profile) in profiles.into_iter().flat_map(|profiles| profiles.iter_mut()) {
            if let Some(key) = profile.get_mut("api_key").filter(|key| !key.is_none()) {
                *key = value("***");
            }
        }
        document.to_string()
    }
}

fn implicit_table() -> Item {
    let mut table = toml_edit::Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Outcome<Config> {
        Config::parse(Path::new("config.toml"), text)
    }

    #[test]
    fn changes_keep_comments_and_other_profiles() {
        let mut config =
            config("# mine\n[profiles.a]\napi_key = \"k\" # old\n\n[profiles.a.aliases]\nl = \"x\"\n").unwrap();
        let profile = Profile { base_url: Some("https://b".to_owned()), ..Profile::default() };
        config.set_profile("b", &profile).unwrap();
        config.set_default_profile("b");
        let text = config.document.to_string();
        assert!(text.contains("# mine") && text.contains("# old") && text.contains("[profiles.b]"), "{text}");
        assert_eq!(config.alias(Some("a"), "l"), Some("x"));
        assert!(config.remove_profile("b") && !config.remove_profile("b"));
        assert_eq!(config.default_profile(), None);
    }

    #[test]
    fn a_syntax_error_has_its_line_and_no_key() {
        let failure = config("a = 1\n[profiles.a]\napi_key = \"avk_hunter2\nb = 2").unwrap_err();
        let line = failure.line();
        assert!(line.contains("line 3") && !line.contains("hunter2"), "{line}");
        assert_eq!(failure.code.number(), 2);
        assert!(config("[profiles.a]\napi_key = 5").unwrap_err().line().contains("api_key of the profile"));
    }

    #[test]
    fn keys_are_left_out_of_what_would_have_been_written() {
        let config = config("[profiles.a]\napi_key = \"avk_hunter2\"\nbase_url = \"https://x\"\n").unwrap();
        let text = config.without_keys();
        assert!(text.contains("***") && text.contains("https://x") && !text.contains("hunter2"), "{text}");
    }
}
