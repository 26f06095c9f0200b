//! Help topics, generated from the tables that the program itself uses.

use crate::exit_code;
use crate::output::FORMATS;

/// Variables of the environment that the program reads.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("AVALA_API_KEY", "The API key. Overrides profiles, unless an option selects one."),
    ("AVALA_BASE_URL", "Base URL of the API. Also needs a key from the environment."),
    ("AVALA_ALLOW_INSECURE_BASE_URL", "`true` allows plain http to this machine."),
    ("AVALA_PROFILE", "Profile to use; the option --profile overrides it."),
    ("AVALA_CONFIG_FILE", "The configuration file; the option --config-file overrides it."),
    ("XDG_CONFIG_HOME", "Folder of the configuration file, as avala/config.toml in it; ~/.config if unset."),
    ("AVALA_COMPLETION_TIMEOUT_MS", "Time for UIDs at TAB with a dynamic completion script; 250 if unset."),
    ("AVALA_VIEWER_URL", "The viewer that `avala view` opens."),
    ("AVALA_S3_ACCESS_KEY_ID", "Access key for `avala storage-configs create`."),
    ("AVALA_S3_SECRET_ACCESS_KEY", "Secret of the access key."),
    ("AVALA_GC_AUTH_JSON", "Google credentials for `avala storage-configs create`."),
    ("HTTPS_PROXY, ALL_PROXY, NO_PROXY", "The proxy, and hosts that are contacted without it."),
    ("NO_COLOR, FORCE_COLOR, TERM=dumb", "No color; color even in a pipe; no color."),
    ("COLUMNS", "Width of tables on a terminal."),
    ("SHELL", "Shell for `avala shell-completion` without an argument."),
];

type Topic = (&'static str, &'static str, fn() -> String);

/// The topics: name, title, and text.
const TOPICS: &[Topic] = &[
    ("exit-codes", "Exit codes", exit_codes),
    ("environment", "Environment variables", environment),
    ("formatting", "Output formats", formatting),
    ("configuration", "Profiles, keys and the configuration file", configuration),
    ("privacy", "What this program sends", privacy),
];

pub(crate) fn names() -> Vec<&'static str> {
    TOPICS.iter().map(|(name, ..)| *name).collect()
}

/// Returns the text of a topic.
pub(crate) fn find(name: &str) -> Option<String> {
    TOPICS.iter().find(|(known, ..)| *known == name).map(|(_, title, text)| format!("{title}\n\n{}", text()))
}

/// Returns all topics with their titles and texts, for the man page.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, String)> {
    TOPICS.iter().map(|(_, title, text)| (*title, text()))
}

fn exit_codes() -> String {
    exit_code::TABLE.iter().map(|row| format!("{:>5}  {:<15} {}\n", row.number, row.name, row.meaning)).collect()
}

fn environment() -> String {
    VARIABLES.iter().map(|(name, meaning)| format!("  {name}\n      {meaning}\n")).collect()
}

fn formatting() -> String {
    let formats: String = FORMATS.iter().map(|(name, _, meaning)| format!("  {name:<8} {meaning}\n")).collect();
    format!(
        "-o FORMAT chooses the format of results on stdout:\n\n{formats}\n\
         --fields A,B.C prints only these fields. An unknown name is wrong usage (exit code 2), and the error lists the \
         known fields; a field of a newer server is known if a record has it. Commands that change something check the \
         names first; if they cannot, they print the complete result, with exit code 10. --jq FILTER filters the JSON in \
         the language of jq: the array of a list, or each record with -o ndjson; strings are printed without quotes. \
         --template prints each record with a Jinja \
         template, such as '{{{{ uid }}}} {{{{ name }}}}'.\n\n\
         Lists print one page unless --all or --limit N says otherwise. --all prints records as they arrive; if a later page \
         fails, the exit code is not 0, the JSON array is not closed, and the error has the cursor to continue with.\n\n\
         Errors are one line on stderr; with -o json or ndjson one JSON object. Warnings and progress are off then, so that \
         all output can be parsed. Text of the API is never interpreted: control characters, line breaks in \
         tables and characters that change the direction of text are escaped.\n"
    )
}

fn configuration() -> String {
    "The configuration file is TOML, readable by its owner only (mode 0600):\n\n  \
     default_profile = \"work\"\n\n  \
     [profiles.work]\n  api_key = \"avk_...\"            # or api_key_file = \"...\", or api_key_command = \"...\"\n  \
     base_url = \"https://api.avala.ai/api/v1\"\n  organization = \"acme\"\n\n  \
     [profiles.work.aliases]\n  drives = \"datasets list --data-type lidar\"\n\n  \
     [profiles.work.defaults]\n  \"*\" = \"-o json\"\n  \"datasets list\" = \"--limit 20\"\n\n\
     Options override the environment, and the environment overrides the file. A profile that --profile names is an option. \
     Key and base URL come from the same place, unless both are options: a key is never sent to a server from another \
     source. `avala whoami` shows both sources.\n\n\
     A key command prints {\"version\": 1, \"api_key\": \"...\", \"expires_at\": \"2026-01-31T12:00:00Z\"}; it runs without a \
     shell, again when the key expires, and once more after a 401. Its output is never logged.\n"
        .to_owned()
}

fn privacy() -> String {
    "This program connects to the API at the base URL, to the storage that the API names for uploads and downloads, and to \
     the targets of `webhooks listen --forward`. There is no telemetry and no update check. --debug prints requests without \
     secrets, to stderr only.\n"
        .to_owned()
}
