//! Every input is decoded or rejected, and none causes a panic.

use avala_tests::models::{MODELS, PAGES};
use avala_types::{Cursor, CursorPage, DatasetSequence, Json, RawPageResponse, Task, Timestamp, WebhookEvent};
use proptest::prelude::*;
use proptest::sample::Index;

use super::cases;
use super::json_text::json_text;
use crate::fixtures::{Fixture, fixtures};

/// Decodes a text with every decoder.
fn read_with_everything(bytes: &[u8]) {
    let _ = serde_json::from_slice::<CursorPage<Task>>(bytes);
    let _ = serde_json::from_slice::<RawPageResponse<Json>>(bytes);
    let _ = serde_json::from_slice::<Timestamp>(bytes);
    let _ = serde_json::from_slice::<Cursor>(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = text.parse::<Timestamp>();
    let _ = text.parse::<Cursor>();
    let _ = Cursor::from_link(&text);
    for event in ["task.completed", "export.failed", "dataset.created", "quality.alert", ""] {
        let _ = WebhookEvent::from_body(event, &text).map(|event| event.resource().is_ok());
    }
    if let Ok(sequence) = serde_json::from_slice::<DatasetSequence>(bytes) {
        let _ = sequence.calibration();
        let _ = sequence.typed_frames().count();
    }
    for readable in MODELS.iter().chain(PAGES.iter().map(|(_, readable)| readable)) {
        let _ = (readable.read)(&text);
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_with_everything(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(text in json_text()) {
        read_with_everything(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(cases(512))]

    /// A damaged text that can still be decoded is a value like any other: encoded and decoded again, it is equal.
    #[test]
    fn damaged_fixture_is_refused_or_survives_a_round_trip(
        fixture in any::<Index>(),
        at in any::<Index>(),
        removed in 0_usize..12,
        inserted in prop_oneof![json_text(), "[\\PC]{0,6}", "[\\[\\]{},:\"0-9.eE-]{0,4}"],
    ) {
        let fixtures = fixtures_once();
        let fixture = &fixtures[fixture.index(fixtures.len())];
        let letters: Vec<_> = fixture.text.chars().collect();
        let at = at.index(letters.len());
        let rest = letters.iter().skip(at + removed);
        let damaged: String = letters[..at].iter().copied().chain(inserted.chars()).chain(rest.copied()).collect();
        if let Ok(reading) = (fixture.model.read)(&damaged) {
            prop_assert!(reading.comes_back, "{}: {} became {}", fixture.path(), damaged, reading.encoded);
        }
    }
}

/// Returns the fixtures, read from disk one time and not for each case.
fn fixtures_once() -> &'static [Fixture] {
    static FIXTURES: std::sync::LazyLock<Vec<Fixture>> = std::sync::LazyLock::new(fixtures);
    &FIXTURES
}
