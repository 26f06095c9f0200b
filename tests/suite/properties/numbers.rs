//! Numbers of typed fields.

use avala_types::{AutoLabelJob, FleetRecording, Json, UploadQuota};
use proptest::prelude::*;

use super::cases;
use super::json_text::number_text;

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn float_is_exact_after_a_round_trip(number in any::<f64>().prop_filter("JSON has no others", |n| n.is_finite())) {
        for text in [format!("{number:?}"), format!("{number}"), format!("\"{number:e}\"")] {
            let job: AutoLabelJob = serde_json::from_str(&format!(r#"{{"uid":"a","progress_pct":{text}}}"#)).unwrap();
            prop_assert_eq!(job.progress_pct, Some(number), "{}", text);
            let written = serde_json::to_string(&job).unwrap();
            prop_assert_eq!(serde_json::from_str::<AutoLabelJob>(&written).unwrap(), job);
        }
    }

    #[test]
    fn a_number_means_the_same_as_a_string(text in number_text()) {
        let read = |text: &str| {
            let job = serde_json::from_str::<AutoLabelJob>(&format!(r#"{{"uid":"a","progress_pct":{text}}}"#));
            job.ok().and_then(|job| job.progress_pct)
        };
        prop_assert_eq!(read(&text), read(&format!("\"{text}\"")));
    }

    #[test]
    fn an_integer_keeps_all_of_its_digits(used in any::<u64>(), limit in any::<u64>(), count in any::<i64>()) {
        let quota: UploadQuota = serde_json::from_str(&format!(r#"{{"used":{used},"limit":{limit}}}"#)).unwrap();
        prop_assert_eq!((quota.used, quota.limit), (used, limit));
        let recording = format!(r#"{{"uid":"r","topic_count":{count}}}"#);
        prop_assert_eq!(serde_json::from_str::<FleetRecording>(&recording).unwrap().topic_count, count);
    }

    #[test]
    fn json_compares_numbers_as_numbers(digits in 1_u32.., zeros in 0_usize..9) {
        let json = |text: String| text.parse::<Json>().unwrap();
        let plain = json(digits.to_string());
        prop_assert_eq!(&plain, &json(format!("{digits}.{}", "0".repeat(zeros + 1))));
        prop_assert_eq!(&plain, &json(format!("{digits}{}e-{zeros}", "0".repeat(zeros))));
        prop_assert_ne!(&plain, &json(format!("{digits}.{}1", "0".repeat(zeros))));
        prop_assert_ne!(&plain, &json(format!("-{digits}")));
    }
}
