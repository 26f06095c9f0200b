//! Text of the API that tries to be something else.

use crate::support::Fake;

const FORMATS: [&str; 7] = ["table", "json", "ndjson", "csv", "tsv", "yaml", "uids"];

/// Creates a record whose texts would clear a screen, forge lines and turn text around.
fn hostile() -> Fake {
    let text = r"\u001b[2J\u001b]0;x\u0007\u009b31m[red]a\r\nforged: line\t\u202eb\u007f\u0000c";
    Fake::list(format!(r#"{{"uid":"u{text}","name":"{text}","slug":"{text}","x{text}":"{text}","data_type":"image"}}"#))
}

/// Returns whether a terminal would show every character as itself.
fn is_harmless(text: &str) -> bool {
    text.chars().all(|character| {
        let is_line = matches!(character, '\n' | '\t');
        is_line || !character.is_control() && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[test]
fn terminal_codes_are_escaped_in_every_format() {
    let fake = hostile();
    for format in FORMATS {
        let ran = fake.run(&format!("datasets list -o {format}")).ok();
        assert!(is_harmless(&ran.stdout), "{format}: {:?}", ran.stdout);
        assert!(ran.stdout.contains("[red]") || format == "uids", "{format}: text is not markup");
    }
    for selection in [["--jq", ".[0].name"], ["--template", "{{ name }}"], ["--fields", "name"]] {
        let ran = fake.home.args(["datasets", "list"].into_iter().chain(selection)).ok();
        assert!(is_harmless(&ran.stdout), "{selection:?}: {:?}", ran.stdout);
    }
}

#[test]
fn values_survive_in_formats_for_programs() {
    let fake = hostile();
    let json = fake.run("datasets list -o json").ok().json();
    let name = json[0]["name"].as_str().unwrap();
    assert!(name.starts_with("\u{1b}[2J") && name.ends_with("\u{7f}\0c"), "{name:?}");
    let yaml: serde_json::Value = serde_yaml_ng::from_str(&fake.run("datasets list -o yaml").ok().stdout).unwrap();
    assert_eq!(yaml, json);
}

#[test]
fn one_record_is_one_line_of_a_table_and_of_uids() {
    let fake = hostile();
    for (format, lines) in [("table", 2), ("tsv", 2), ("ndjson", 1), ("uids", 1)] {
        let ran = fake.run(&format!("datasets list -o {format}")).ok();
        assert_eq!(ran.stdout.lines().count(), lines, "{format}: {:?}", ran.stdout);
    }
}

#[test]
fn names_of_a_megabyte_are_printed_whole() {
    let name = "n".repeat(1 << 20);
    let fake = Fake::list(format!(r#"{{"uid":"a","name":"{name}","slug":"s"}}"#));
    for format in FORMATS {
        let ran = fake.run(&format!("datasets list -o {format}")).ok();
        assert!(ran.stdout.contains(&name) || format == "uids", "{format}");
    }
}

#[test]
fn messages_of_the_server_stay_one_line() {
    let fake = Fake::new(|_, _| {
        crate::support::Reply::Json(400, r#"{"detail":"a\u001b[31m\nError: forged\u202e"}"#.to_owned())
    });
    for format in ["table", "json"] {
        let ran = fake.run(&format!("datasets list -o {format}")).code(5);
        assert!(ran.stderr.lines().count() == 1 && is_harmless(&ran.stderr), "{ran:#?}");
    }
}
