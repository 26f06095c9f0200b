//! Shell completion: static scripts, and scripts that call this program.

mod candidates;
mod values;

use clap::Command;
use clap_complete::Shell;

use crate::failure::{Failure, Outcome};

/// Version of the interface that the scripts with `--dynamic` call. An older or newer script gets no candidates.
const VERSION: &str = "1";

/// The hidden command that these scripts call.
pub(crate) const COMMAND: &str = "__complete";

/// The variable that makes the official program print its script.
pub(crate) const OFFICIAL_VARIABLE: &str = "_AVALA_COMPLETE";

const BASH: &str = r#"_avala() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(command avala __complete 1 bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -F _avala avala
"#;

const ZSH: &str = r#"#compdef avala
_avala() {
    local line
    local -a values
    while IFS= read -r line; do
        values+=("$line")
    done < <(command avala __complete 1 zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)
    compadd -- "${values[@]}"
}
if [ "$funcstack[1]" = "_avala" ]; then
    _avala "$@"
else
    compdef _avala avala
fi
"#;

const FISH: &str = r#"function __avala_candidates
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    command avala __complete 1 fish -- $before[2..-1] "$current" 2>/dev/null </dev/null
end
complete -c avala -f -a '(__avala_candidates)'
"#;

/// Returns the shell with this name.
pub(crate) fn shell(name: &str) -> Option<Shell> {
    match name {
        "bash" => Some(Shell::Bash),
        "zsh" => Some(Shell::Zsh),
        "fish" => Some(Shell::Fish),
        "powershell" => Some(Shell::PowerShell),
        _ => None,
    }
}

/// Returns a script that knows commands and options. It never starts this program.
pub(crate) fn static_script(shell: Shell, mut root: Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut root, "avala", &mut script);
    script
}

/// Returns a script that calls this program for candidates, which include identifiers of the API.
pub(crate) fn dynamic_script(shell: Shell) -> Outcome<&'static str> {
    match shell {
        Shell::Bash => Ok(BASH),
        Shell::Zsh => Ok(ZSH),
        Shell::Fish => Ok(FISH),
        other => Err(Failure::usage(format!("--dynamic is not available for {other}; bash, zsh and fish have it"))),
    }
}

/// Prints the candidates for the last word, one per line, and nothing if an error occurs.
pub(crate) fn complete(root: Command, args: &[std::ffi::OsString]) -> String {
    let words: Option<Vec<&str>> = args.iter().map(|arg| arg.to_str()).collect();
    match words.as_deref() {
        Some([version, shell, "--", words @ ..]) if *version == VERSION => {
            let words: Vec<String> = words.iter().map(|word| unquoted(word, shell)).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let candidates = candidates::of(root, &words);
            candidates.iter().filter_map(|candidate| written(candidate, shell)).collect()
        }
        _ => String::new(),
    }
}

/// Returns a word without its quotes, which bash and zsh pass as they are on the line. The last one may be open. Nothing is
/// expanded.
fn unquoted(word: &str, shell: &str) -> String {
    if !matches!(shell, "bash" | "zsh") {
        return word.to_owned();
    }
    let mut text = String::with_capacity(word.len());
    let mut quote = None;
    let mut characters = word.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if character == open => quote = None,
            (None | Some('"'), '\\') => text.extend(characters.next()),
            _ => text.push(character),
        }
    }
    text
}

/// Returns a candidate as a line for a shell; `None` if no line can hold it, or if a terminal would obey it.
fn written(candidate: &str, shell: &str) -> Option<String> {
    if candidate.is_empty() || candidate.chars().any(crate::output::escape::is_hostile) {
        return None;
    }
    match shell {
        // bash inserts the line unchanged; the other shells quote it.
        "bash" => shlex::try_quote(candidate).ok().map(|quoted| format!("{quoted}\n")),
        "zsh" | "fish" => Some(format!("{candidate}\n")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(words: &[&str]) -> String {
        complete(crate::args::root(), &words.iter().map(std::ffi::OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn commands_options_and_values_are_completed() {
        assert_eq!(reply(&["1", "bash", "--", "datasets", "get-c"]), "get-calibration\n");
        assert_eq!(reply(&["1", "fish", "--", "fleet", "dev"]), "devices\n");
        assert_eq!(reply(&["1", "zsh", "--", "-o", "json", "datasets", "list", "--data"]), "--data-type\n");
        assert_eq!(reply(&["1", "bash", "--", "datasets", "list", "-o", "nd"]), "ndjson\n");
        assert_eq!(reply(&["1", "bash", "--", "datasets", "create", "--data-type", "li"]), "lidar\n");
    }

    #[test]
    fn quotes_of_a_shell_are_no_part_of_a_word() {
        for (word, text) in [
            ("'two wo", "two wo"),
            ("\"it's\"", "it's"),
            ("it\\'s\\ two", "it's two"),
            ("'a'\\''b'", "a'b"),
            ("'$(x)`y`", "$(x)`y`"),
            ("\"a\\\"b", "a\"b"),
            ("a\\", "a"),
        ] {
            assert_eq!(unquoted(word, "bash"), text, "{word}");
            assert_eq!(unquoted(word, "fish"), word);
        }
        assert_eq!(reply(&["1", "bash", "--", "datasets", "list", "'--data"]), "--data-type\n");
    }

    #[test]
    fn scripts_of_another_version_get_nothing() {
        for words in [&["2", "bash", "--", "data"][..], &["1", "tcsh", "--", "data"], &["1"], &[]] {
            assert_eq!(reply(words), "");
        }
    }

    #[test]
    fn hostile_candidates_are_quoted_or_left_out() {
        assert_eq!(written("$(touch pwned)", "bash").as_deref(), Some("'$(touch pwned)'\n"));
        assert_eq!(
            written("a;b 'c' `id`", "bash").map(|line| shlex::split(&line).unwrap()),
            Some(vec!["a;b 'c' `id`".to_owned()])
        );
        assert_eq!(written("$(x)", "zsh").as_deref(), Some("$(x)\n"));
        for hostile in ["a\nb", "a\u{1b}[31m", "\u{202e}x", ""] {
            assert_eq!(written(hostile, "bash"), None);
        }
    }
}
