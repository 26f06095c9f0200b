//! A short run of the soak; the long one is `cargo xtask soak`.

use avala_tests::soak::{self, Plan};

#[tokio::test]
async fn no_call_is_lost_duplicated_or_wrong() {
    let report = soak::run(Plan { calls: 600, in_flight: 32, one_fault_in: 5, seed: 7 }).await.unwrap();
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.calls, 600);
    assert!(report.faults.len() >= 8, "every kind of fault was there: {:?}", report.faults);
    assert!(report.audits >= 10, "and the audit service was in the way");
    assert!(report.attempts > 600, "and some calls were tried again");
    assert!(!report.errors.is_empty(), "and some failed, and said so");
}
