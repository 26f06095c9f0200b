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

#[test]
fn names_of_members_are_as_harmless_as_values() {
    let long = "k".repeat(1 << 20);
    let member = format!(r#"{{"uid":"a","\u001b[2J{long}\n":{{"\u202e{long}":[1,{{"{long}":"\u009b"}}]}}}}"#);
    let fake = Fake::list(member);
    for line in ["datasets list", "api GET /datasets/ --all", "api GET /datasets/"] {
        let json = fake.run(&format!("{line} -o json")).ok().json();
        for format in FORMATS {
            let ran = fake.run(&format!("{line} -o {format}")).ok();
            assert!(is_harmless(&ran.stdout), "{line} {format}");
            if format == "yaml" {
                let yaml: serde_json::Value = serde_yaml_ng::from_str(&ran.stdout).unwrap();
                assert_eq!(yaml, json, "{line}");
            }
        }
    }
}

#[test]
fn names_of_profiles_are_data() {
    let home = crate::support::Home::of("http://127.0.0.1:9/api/v1", "k");
    let names = r#"["two words", "a\u001b[31mb", "x\ny", "\u202e", "$(touch pwned)", "", "--help", "'"]"#;
    let names: Vec<String> = serde_json::from_str(names).unwrap();
    let table = |name: &String| format!("[profiles.{}]\napi_key = \"avk_1\"\n", serde_json::json!(name));
    home.write(".config/avala/config.toml", names.iter().map(table).collect::<String>());
    for format in FORMATS {
        assert!(is_harmless(&home.run(&format!("profiles list -o {format}")).ok().stdout), "{format}");
    }
    assert_eq!(home.run("profiles list -o json").ok().json().as_array().map(Vec::len), Some(names.len()));
    for name in &names {
        let ran = home.args([format!("--profile={name}"), "whoami".to_owned(), "--max-attempts=1".to_owned()]);
        assert!(is_harmless(&ran.stdout) && is_harmless(&ran.stderr), "{name:?}: {ran:#?}");
        let ran = home.args(["profiles".to_owned(), "use".to_owned(), "--".to_owned(), name.clone()]).ok();
        assert!(is_harmless(&ran.stdout) && ran.stdout.lines().count() == 1, "{name:?}: {ran:#?}");
        let ran = home.args(["login".to_owned(), format!("--profile={name}"), "--no-verify".to_owned()]).code(2);
        assert!(is_harmless(&ran.stderr) && ran.stderr.lines().count() == 1, "{name:?}: {ran:#?}");
    }
    assert!(!home.path("pwned").exists());
}
