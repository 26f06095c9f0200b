//! `--jq`: filters in the language of jq, run by jaq in this process.

use std::io::Write;

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::{escape, json};

/// Output that is kept until the filter ends, in bytes.
const MOST_KEPT: usize = 1 << 20;

/// Characters of a wrong filter that an error repeats.
const MOST_SHOWN: usize = 20;

type Compiled = jaq_core::compile::Filter<jaq_core::Native<data::JustLut<Val>>>;

/// A compiled filter.
pub(crate) struct Filter(Compiled);

impl Filter {
    /// Compiles a filter, before the first request.
    pub(crate) fn new(code: &str) -> Outcome<Self> {
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let wrong = |what: String| Failure::usage(format!("invalid --jq filter {code:?}: {what}"));
        let modules = Loader::new(defs)
            .load(&arena, File { code, path: () })
            .map_err(|errors| wrong(errors.first().map_or_else(String::new, |(_, error)| syntax(error))))?;
        let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|errors| {
            let names = errors.iter().flat_map(|(_, errors)| errors.iter().map(|(name, _)| format!("`{name}`")));
            wrong(format!("not defined: {}", names.collect::<Vec<_>>().join(", ")))
        })?;
        Ok(Self(filter))
    }

    /// Runs the filter, and writes each of its values on a line: strings as they are and everything else as JSON.
    ///
    /// Nothing is written if it fails early; a filter may have more values than memory, or values without an end.
    pub(crate) fn write(&self, data: &Data, out: &mut impl Write) -> Outcome {
        let failed = |what: String| Failure::other(format!("the --jq filter failed: {what}"));
        let input = read::parse_single(json::compact(data).as_bytes()).map_err(|error| failed(error.to_string()))?;
        let context = Ctx::<data::JustLut<Val>>::new(&self.0.lut, Vars::new([]));
        let mut text = String::new();
        for value in self.0.id.run((context, input)).map(unwrap_valr) {
            let value = value.map_err(|error| failed(error.to_string()))?.to_string();
            match Data::parse(&value) {
                Ok(Data::Text(line)) => text.push_str(&escape::block(&line)),
                Ok(value) => text.push_str(&json::compact(&value)),
                Err(_) => text.push_str(&escape::line(&value)),
            }
            text.push('\n');
            if text.len() > MOST_KEPT {
                out.write_all(text.as_bytes()).map_err(|error| Failure::stdout(&error))?;
                text.clear();
            }
        }
        out.write_all(text.as_bytes()).map_err(|error| Failure::stdout(&error))
    }
}

/// Returns what is wrong with the text of a filter.
fn syntax(error: &load::Error<&str>) -> String {
    let (expected, found) = match error {
        load::Error::Io(_) => return "it cannot include other files".to_owned(),
        load::Error::Lex(errors) => errors.first().map(|(expected, found)| (expected.as_str(), *found)),
        load::Error::Parse(errors) => errors.first().map(|(expected, found)| (expected.as_str(), *found)),
    }
    .unwrap_or(("a filter", ""));
    let found: String = found.chars().take(MOST_SHOWN).collect();
    if found.is_empty() {
        return format!("it ends where a {expected} is expected");
    }
    format!("expected {expected}, found {found:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_print_strings_raw_and_the_rest_as_json() {
        let data = Data::parse(r#"[{"uid":"a","n":1.0},{"uid":"b\u001b","n":12345678901234567890123}]"#).unwrap();
        let run = |code| {
            let mut out = Vec::new();
            Filter::new(code).unwrap().write(&data, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(run(".[].uid"), "a\nb\\u{1b}\n");
        assert_eq!(run("map(.n) | length"), "2\n");
        assert_eq!(run(".[1].n"), "12345678901234567890123\n");
        assert_eq!(run("first | {uid}"), "{\"uid\":\"a\"}\n");
    }

    #[test]
    fn invalid_filters_are_wrong_usage() {
        for (code, part) in [
            (".[", "closing bracket"),
            ("nonsense(1)", "not defined: `nonsense`"),
            ("| |", "found \"|\""),
            ("", "it ends"),
            ("\"\\q\"", "escape"),
            ("include \"x\"; .", "other files"),
        ] {
            let failure = Filter::new(code).err().unwrap();
            assert!(failure.code.number() == 2 && failure.line().contains(part), "{code}: {}", failure.line());
        }
    }

    #[test]
    fn values_without_an_end_are_written_as_they_come() {
        /// Takes this many bytes, as a reader that goes away.
        struct Reader(usize);

        impl Write for Reader {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::BrokenPipe)?;
                Ok(bytes.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        let failure = Filter::new("repeat(1)").unwrap().write(&Data::Null, &mut Reader(8 << 20)).unwrap_err();
        assert!(failure.is_closed_pipe());
    }
}
