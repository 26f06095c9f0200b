//! A timestamp is read or refused, and one that was read comes back as the same moment.

#![no_main]

use std::time::SystemTime;

use avala_types::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(timestamp) = text.parse::<Timestamp>() else { return };
    let written = timestamp.to_string();
    assert_eq!(written.parse::<Timestamp>().as_ref(), Ok(&timestamp));
    let json = serde_json::to_string(&timestamp).expect("what was read can be written");
    assert_eq!(json, format!("\"{written}\""));
    let _ = SystemTime::from(timestamp);
});
