//! Free-form JSON and unknown fields survive, whatever they are.

use avala_types::{DatasetItem, Json, ManualUploadTarget, WebhookEvent};
use proptest::prelude::*;

use super::cases;
use super::json_text::json_text;
use crate::fixtures::{fixtures, model, object};

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_json_survives_to_the_last_byte(text in json_text()) {
        let body = format!(r#"{{"uid": "i1", "metadata": {text}, "newer": {text}}}"#);
        let item: DatasetItem = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(item.extra.get("newer").unwrap().get(), &text);
        if text != "null" {
            prop_assert_eq!(item.metadata.as_ref().unwrap().get(), &text);
        }
        let written = serde_json::to_string(&item).unwrap();
        prop_assert!(written.contains(&format!(r#""newer":{text}"#)), "{}", written);
        prop_assert_eq!(serde_json::from_str::<DatasetItem>(&written).unwrap(), item);
    }

    #[test]
    fn json_equals_itself_whatever_its_spaces(text in json_text(), other in json_text()) {
        let json: Json = text.parse().unwrap();
        let respaced: Json = format!("[ {text} ]").parse::<Json>().unwrap().elements().next().unwrap().to_owned().into();
        prop_assert_eq!(&json, &respaced);
        let other: Json = other.parse().unwrap();
        prop_assert_eq!(json == other, other == json);
    }

    #[test]
    fn elements_are_what_a_full_parse_finds(texts in prop::collection::vec(json_text(), 0..6)) {
        let json: Json = format!("[{}]", texts.join(" ,\n")).parse().unwrap();
        let found: Vec<_> = json.elements().map(|element| element.get().to_owned()).collect();
        prop_assert_eq!(found, texts);
    }
}

/// Returns a list of lists, an object of objects, and both in turn.
fn nested(levels: usize) -> [String; 3] {
    let nest = |open: &str, close: &str, times| format!("{}7{}", open.repeat(times), close.repeat(times));
    [nest("[", "]", levels), nest("{\"a\":", "}", levels), nest("[{\"a\":", "}]", levels / 2)]
}

/// Returns texts that are nested deeper than the stack allows.
fn deep() -> [String; 3] {
    nested(10_000)
}

#[test]
fn no_depth_is_refused_in_an_unknown_field() {
    let [_, _, deep] = deep();
    for fixture in fixtures().into_iter().filter(|fixture| fixture.name == "minimal") {
        let mut changed = object(&fixture.text);
        changed.insert("deep".to_owned(), deep.parse().unwrap());
        let reading = (fixture.model.read)(&serde_json::to_string(&changed).unwrap()).unwrap();
        assert!(reading.comes_back, "{}", fixture.path());
        // Some models keep no unknown fields; what they do not keep they must still read past.
        assert!(reading.unknown.is_empty() || reading.encoded.contains(&deep), "{}", fixture.path());
    }
}

#[test]
fn no_depth_is_refused_in_a_free_form_field() {
    let item = model("DatasetItem");
    for deep in deep() {
        for field in ["metadata", "export_snippet", "annotations", "crop_data", "related_items"] {
            let reading = (item.read)(&format!(r#"{{"uid": "i1", "{field}": {deep}}}"#)).unwrap();
            assert!(reading.comes_back && reading.encoded.contains(&deep), "{field}");
        }
        let body = format!(r#"{{"event": "quality.alert", "data": {deep}, "other": {deep}}}"#);
        let event = WebhookEvent::from_body("quality.alert", &body).unwrap();
        assert_eq!(event.data.get(), deep);
        assert_eq!(WebhookEvent::from_body("quality.alert", &deep).unwrap().data.get(), deep);
        let target = format!(r#"{{"upload_uid": "u1", "deep": {deep}}}"#);
        assert!(matches!(serde_json::from_str(&target), Ok(ManualUploadTarget::Session(_))));
    }
}

#[test]
fn json_of_any_depth_is_compared() {
    for deep in deep() {
        assert_eq!(deep.parse::<Json>().unwrap(), deep.replace('7', " 7 ").parse().unwrap());
    }
    // Finding a difference takes time in the square of the depth, so this is less deep and still beyond 128 levels.
    for nested in nested(300) {
        assert_eq!(nested.parse::<Json>().unwrap(), nested.replace('7', "7.0").parse().unwrap());
        assert_ne!(nested.parse::<Json>().unwrap(), nested.replace('7', "8").parse().unwrap());
    }
}
