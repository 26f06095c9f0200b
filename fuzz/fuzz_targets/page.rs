//! A page of a list is read or refused, and a raw page that was read comes back.

#![no_main]

use avala_types::{CursorPage, Json, RawPageResponse, Task};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(page) = serde_json::from_slice::<RawPageResponse<Task>>(bytes) {
        let text = serde_json::to_string(&page).expect("a page has a form in JSON");
        assert_eq!(serde_json::from_str::<RawPageResponse<Task>>(&text).expect("it is a page again"), page);
    }
    if let Ok(page) = serde_json::from_slice::<CursorPage<Json>>(bytes) {
        for cursor in page.next_cursor.iter().chain(&page.previous_cursor) {
            assert_eq!(cursor.to_string().parse().as_ref(), Ok(cursor));
        }
        for item in &page.items {
            assert!(item.elements().all(|element| item.get().contains(element.get())));
        }
    }
});
