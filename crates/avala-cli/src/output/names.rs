//! Finds names of `--fields` and `--sort` that no record has, which are mostly misspelled.

use crate::data::Data;
use crate::output::escape;

/// Maximum number of names that an error lists.
const MOST_NAMES: usize = 60;

/// Maximum length of a name in an error, because names are foreign data.
const LONGEST_NAME: usize = 64;

/// Returns the error about paths whose first name is neither known nor a field of any record. `None` if there
/// are no such paths, or if no names are known and no record is an object.
///
/// Names below a field are not checked: the free-form objects of the API differ from record to record.
pub(crate) fn unknown(option: &str, paths: &[String], known: &[String], records: &[Data]) -> Option<String> {
    let is_field =
        |name: &str| known.iter().any(|known| known == name) || records.iter().any(|record| record.get(name).is_some());
    let is_known = |path: &str| is_field(path) || path.split('.').next().is_some_and(is_field);
    let unknown: Vec<String> =
        paths.iter().filter(|path| !is_known(path)).map(|path| format!("`{}`", shown(path))).collect();
    let known = fields(known, records);
    if unknown.is_empty() || known.is_empty() {
        return None;
    }
    let more = if known.len() > MOST_NAMES { ", and more" } else { "" };
    let known: Vec<String> = known.iter().take(MOST_NAMES).map(|name| shown(name)).collect();
    let verb = if unknown.len() == 1 { "is not a field" } else { "are not fields" };
    Some(format!("{option}: {} {verb} of the result; it has {}{more}", unknown.join(", "), known.join(", ")))
}

/// Returns the known names, then the names in all records in the order of their first occurrence.
fn fields<'a>(known: &'a [String], records: &'a [Data]) -> Vec<&'a str> {
    let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
    for record in records {
        let Data::Map(members) = record else { continue };
        for (name, _) in members {
            if names.len() > MOST_NAMES {
                return names;
            }
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    names
}

fn shown(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}...", escape::line(&name[..end])),
        None => escape::line(name).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &str, records: &[&str]) -> Option<String> {
        let paths: Vec<String> = paths.split(',').map(str::to_owned).collect();
        let records: Vec<Data> = records.iter().map(|text| Data::parse(text).unwrap()).collect();
        unknown("--fields", &paths, &[], &records)
    }

    #[test]
    fn known_field_may_be_missing_in_every_record() {
        let (paths, known) = (["expires_in".to_owned()], ["url".to_owned(), "expires_in".to_owned()]);
        let records = [Data::parse(r#"{"url":"x","newer":1}"#).unwrap()];
        assert_eq!(unknown("--fields", &paths, &known, &records), None);
        let error = unknown("--fields", &["nope".to_owned()], &known, &records).unwrap();
        assert_eq!(error, "--fields: `nope` is not a field of the result; it has url, expires_in, newer");
    }

    #[test]
    fn field_of_any_record_is_known() {
        let records = [r#"{"uid":"a","owner":null}"#, r#"{"uid":"b","a.b":1,"newer":{"x":1}}"#];
        for paths in ["uid", "newer", "newer.y", "a.b", "owner.name", "uid,newer.x"] {
            assert_eq!(check(paths, &records), None, "{paths}");
        }
        let error = check("nope,uid,owners.name", &records).unwrap();
        assert_eq!(
            error,
            "--fields: `nope`, `owners.name` are not fields of the result; it has uid, owner, a.b, newer"
        );
    }

    #[test]
    fn values_without_names_are_not_compared() {
        assert_eq!(check("nope", &[]), None);
        assert_eq!(check("nope", &["1", "\"x\"", "{}"]), None);
    }

    #[test]
    fn hostile_names_stay_short_and_printable() {
        let record = format!(r#"{{"\u001b[2J{}":1}}"#, "x".repeat(1 << 20));
        let error = check(&"y".repeat(1 << 20), &[&record]).unwrap();
        assert!(error.len() < 400 && !error.contains('\u{1b}'), "{error}");
        let many: Vec<String> = (0..5_000).map(|index| format!(r#""n{index}":1"#)).collect();
        assert!(check("y", &[&format!("{{{}}}", many.join(","))]).unwrap().ends_with("n59, and more"));
    }
}
