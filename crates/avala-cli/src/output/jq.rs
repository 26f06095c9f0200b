//! `--jq`: filters in the language of jq, run by jaq in this process.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::{escape, json};

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
            .map_err(|errors| wrong(format!("syntax error ({:?})", errors.first().map(|(_, error)| error))))?;
        let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|errors| {
            let names = errors.iter().flat_map(|(_, errors)| errors.iter().map(|(name, _)| format!("`{name}`")));
            wrong(format!("not defined: {}", names.collect::<Vec<_>>().join(", ")))
        })?;
        Ok(Self(filter))
    }

    /// Runs the filter and prints each result on a line: strings without quotes, everything else as JSON.
    pub(crate) fn lines(&self, data: &Data) -> Outcome<String> {
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
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_print_strings_raw_and_the_rest_as_json() {
        let data = Data::parse(r#"[{"uid":"a","n":1.0},{"uid":"b\u001b","n":12345678901234567890123}]"#).unwrap();
        let run = |code| Filter::new(code).unwrap().lines(&data).unwrap();
        assert_eq!(run(".[].uid"), "a\nb\\u{1b}\n");
        assert_eq!(run("map(.n) | length"), "2\n");
        assert_eq!(run(".[1].n"), "12345678901234567890123\n");
        assert_eq!(run("first | {uid}"), "{\"uid\":\"a\"}\n");
    }

    #[test]
    fn invalid_filters_are_wrong_usage() {
        for code in [".[", "nonsense(1)", "| |"] {
            assert!(Filter::new(code).is_err_and(|failure| failure.code.number() == 2), "{code}");
        }
    }
}
