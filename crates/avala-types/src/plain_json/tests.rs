//! Compares the reader with `serde_json`.

use std::fmt;

use super::*;
use crate::dataset::{Dataset, DatasetItem, FrameImage};
use crate::field::{Field, Mode, Required};
use crate::json::Json;
use crate::page::RawPageResponse;

fn read_strict<T: Field>(text: &str) -> Result<T, Unusual> {
    read(text, Required::new(Mode::Strict))
}

/// Reads a text with both readers. If this reader accepts it, the value has to equal that of `serde_json`.
fn is_read<T: Field + fmt::Debug>(text: &str) -> bool {
    let Ok(value) = read_strict::<T>(text) else { return false };
    let mut reader = serde_json::Deserializer::from_str(text);
    let same = T::read(&mut reader, Mode::Strict).unwrap_or_else(|error| panic!("{text}: {error}"));
    reader.end().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(format!("{value:?}"), format!("{same:?}"), "{text}");
    true
}

#[test]
fn free_form_text_is_read_exactly_if_it_is_valid() {
    for valid in [
        "null",
        " true\n",
        "false",
        "0",
        "-0",
        "-12.50e+3",
        "1E9",
        "1e999",
        "123456789012345678901234567890",
        "\"\"",
        "\"\u{e4}\\u12aF\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\ud83d\"",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1,[2,{}],\"]\"]",
        "{\"a\" : {\"b\":[ {} , [] ]} , \"a\":1}",
        "\"\u{7f}\u{e000} long enough for more than one step\"",
    ] {
        assert!(is_read::<Json>(valid), "{valid}");
        assert_eq!(read_strict::<Json>(valid).unwrap().get(), valid.trim());
    }
    for invalid in [
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "01",
        "-",
        "-01",
        "+1",
        ".5",
        "1.",
        "1.e1",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u123\"",
        "\"\n\"",
        "\"\u{1f}\"",
        "\"1234567\u{0}\"",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1]",
        "[1}",
        "[{]}",
        "1 2",
        "\u{feff}1",
        "\u{a0}1",
        "//1",
        "'a'",
    ] {
        assert!(serde_json::from_str::<Json>(invalid).is_err() && !is_read::<Json>(invalid), "{invalid}");
    }
}

#[test]
fn numbers_are_read_to_the_last_bit() {
    for number in [
        "0",
        "-0",
        "0.1",
        "-1.5e-7",
        "1e22",
        "1e23",
        "9007199254740993",
        "5e-324",
        "2.2250738585072011e-308",
        "1.7976931348623157e308",
        "0.4488131310030626560",
        "9999999999999999999",
        "9223372036854775808",
        "1e-400",
        "-9223372036854775807",
        "123456789012345678",
        "0.10000000000000000000000000000000000000000000000000001",
    ] {
        assert!(is_read::<f64>(number), "{number}");
        let value: f64 = number.parse().unwrap();
        assert_eq!(read_strict::<f64>(number).map(f64::to_bits), Ok(value.to_bits()), "{number}");
    }
    for left in ["1e309", "-1e400", "123456789012345678901", "-9223372036854775809", "NaN", "01"] {
        assert_eq!(read_strict::<f64>(left), Err(Unusual), "{left}");
    }
    assert_eq!(read_strict::<u64>("9999999999999999999"), Ok(9_999_999_999_999_999_999));
    assert_eq!(read_strict::<u64>("18446744073709551615"), Ok(u64::MAX), "has 20 digits");
    assert_eq!(read_strict::<u64>("18446744073709551616"), Err(Unusual));
    assert_eq!(read_strict::<i64>("-9223372036854775807"), Ok(-i64::MAX));
    assert_eq!(read_strict::<u64>("12.0"), Ok(12));
}

#[test]
fn deep_nesting_is_left_to_the_other_reader() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(is_read::<Json>(&nested(65)) && is_read::<Json>(&format!("[{}0]", "[],".repeat(100))));
    assert_eq!(read_strict::<Json>(&nested(66)), Err(Unusual));
    assert_eq!(serde_json::from_str::<Json>(&nested(66)).unwrap().get(), nested(66));
}

const PAGE: &str = r#"{"next":null,"previous":"?page=1","count":3,"results":[
    {"uid":"a","id":7,"is_hidden":false,"key":"gr\u00fcn.png","metadata":{"a":[1,-2.5e3,{"b":"\\\""}]},"thumbnails":["x","y"],
     "created_at":"2025-01-15T09:30:00.123456Z","new":[true,null,0.10],"other":18446744073709551616},
    {"uid":"b","annotations":null,"crop_data":[]}]}"#;

#[test]
fn changed_text_is_never_read_differently() {
    assert!(is_read::<RawPageResponse<DatasetItem>>(PAGE), "the text is plain");
    let image = r#"{"fx":1.5,"width":"7","camera_id":"front","position":{"x":1,"y":-2e-1,"z":0.25}}"#;
    let bytes = b"\"\\{}[],: 0129-.eEtfnu\n\x01\x7fa\xc3";
    let mut random = 1_u64;
    let mut next = |most: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % most
    };
    for _ in 0..20_000 {
        let mut changed = if next(2) == 0 { PAGE } else { image }.as_bytes().to_vec();
        for _ in 0..=next(2) {
            let at = next(changed.len());
            match next(3) {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, bytes[next(bytes.len())]),
                _ => changed[at] = bytes[next(bytes.len())],
            }
        }
        let Ok(text) = String::from_utf8(changed) else { continue };
        is_read::<RawPageResponse<DatasetItem>>(&text);
        is_read::<FrameImage>(&text);
        is_read::<Json>(&text);
    }
}

#[cfg(feature = "bytes")]
#[test]
fn member_is_found_if_it_is_the_only_one() {
    let text = r#" { "a" : [1,{"b":2}] , "b":{} ,"c":"b" } "#;
    assert_eq!(place_of(text, "a").map(|place| &text[place]), Some(r#"[1,{"b":2}]"#));
    assert_eq!(place_of(text, "b").map(|place| &text[place]), Some("{}"));
    for (text, name) in [
        (text, "d"),
        ("{}", "a"),
        ("[]", "a"),
        ("", "a"),
        (r#"{"a":1,"a":2}"#, "a"),
        (r#"{"a":1,"\u0061":2}"#, "a"),
        (r#"{"a":1} x"#, "a"),
        (r#"{"a":1,}"#, "a"),
        (r#"{"a":01}"#, "a"),
        (r#"{"a":1"#, "a"),
        (r#"{"a" 1}"#, "a"),
        (r#"{a:1}"#, "a"),
    ] {
        assert_eq!(place_of(text, name), None, "{text}");
    }
}

#[test]
fn text_is_taken_whole_or_not_at_all() {
    assert!(is_read::<Dataset>(r#" {"uid":"d","name":"n\u00e4","slug":"s","item_count":3} "#));
    for other in
        [r#"{"uid":"d","name":"n","slug":"s"} x"#, r#"{"uid":"d","name":"n"}"#, r#"{"uid":"d","uid":"d"}"#, "[]", ""]
    {
        assert!(!is_read::<Dataset>(other), "{other}");
    }
    assert_eq!(read_first("[\"a\"] , 7", Required::<Vec<String>>::new(Mode::Strict)), Ok((vec!["a".to_owned()], 5)));
}
