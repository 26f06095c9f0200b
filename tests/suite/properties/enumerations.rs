//! Any text is a value of every open enumeration.

use avala_tests::enumerations::ENUMERATIONS;
use proptest::prelude::*;

use super::cases;

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn any_text_survives_a_round_trip(text in any::<String>()) {
        for enumeration in ENUMERATIONS {
            for out in (enumeration.texts)(&text) {
                prop_assert_eq!(&out, &text, "{}", enumeration.name);
            }
        }
    }
}

#[test]
fn known_values_come_back_unchanged_and_so_do_their_neighbours() {
    for enumeration in ENUMERATIONS {
        for known in enumeration.known {
            for text in [(*known).to_owned(), known.to_uppercase(), format!(" {known}"), format!("{known}s")] {
                assert!((enumeration.texts)(&text).iter().all(|out| *out == text), "{} {text:?}", enumeration.name);
            }
        }
    }
}
