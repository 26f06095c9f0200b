//! The body of a delivery is read or refused, bare or wrapped, and what was read comes back.

#![no_main]

use avala_types::{Task, WebhookEvent, WebhookResource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    for name in ["dataset.updated", "export.completed", "task.completed", "quality.alert"] {
        let Ok(event) = WebhookEvent::from_body(name, body) else { continue };
        let text = serde_json::to_string(&event).expect("an event has a form in JSON");
        assert_eq!(serde_json::from_str::<WebhookEvent>(&text).expect("it is an event again"), event);
        if let Ok(WebhookResource::Task(task)) = event.resource() {
            let text = serde_json::to_string(&task).expect("a task has a form in JSON");
            assert_eq!(serde_json::from_str::<Task>(&text).expect("it is a task again"), *task);
        }
    }
});
