//! Webhook events.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::dataset::Dataset;
use crate::decode::{Decode, DecodeError, from_json};
use crate::export::Export;
use crate::extra::Name;
use crate::field::read_lenient;
use crate::json::Json;
use crate::model::model;
use crate::open_enum::open_enum;
use crate::task::Task;
use crate::timestamp::Timestamp;

open_enum! {
    /// Event type.
    pub enum EventType {
        /// A dataset was created.
        DatasetCreated = "dataset.created",
        /// A dataset was updated.
        DatasetUpdated = "dataset.updated",
        /// A dataset was deleted.
        DatasetDeleted = "dataset.deleted",
        /// An export was completed.
        ExportCompleted = "export.completed",
        /// An export failed.
        ExportFailed = "export.failed",
        /// A task was completed.
        TaskCompleted = "task.completed",
        /// A result was submitted.
        ResultSubmitted = "result.submitted",
        /// A result was accepted.
        ResultAccepted = "result.accepted",
        /// A result was rejected.
        ResultRejected = "result.rejected",
        /// A quality target was missed.
        QualityAlert = "quality.alert",
    }
}

model! {
    /// A webhook event.
    ///
    /// The body of a delivery is the resource itself; the header `X-Avala-Webhook-Event` names the event.
    /// Older deployments wrap the resource as `{"event", "timestamp", "data"}`.
    /// [`from_body`](WebhookEvent::from_body) reads both; encoding and decoding by serde are the wrapped shape.
    ///
    /// ```
    /// use avala_types::{WebhookEvent, WebhookResource};
    ///
    /// let bare = WebhookEvent::from_body("export.completed", r#"{"uid": "e1"}"#)?;
    /// let wrapped = WebhookEvent::from_body(
    ///     "export.completed",
    ///     r#"{"event": "export.completed", "timestamp": "2025-01-15T09:30:00Z", "data": {"uid": "e1"}}"#,
    /// )?;
    /// assert_eq!(bare.data, wrapped.data);
    ///
    /// match bare.resource()? {
    ///     WebhookResource::Export(export) => assert_eq!(export.uid.as_str(), "e1"),
    ///     other => println!("nothing to do for {other:?}"),
    /// }
    /// # Ok::<(), avala_types::WebhookEventError>(())
    /// ```
    #[derive(Eq, Hash)]
    pub struct WebhookEvent {
        required {
            /// Event type.
            event: EventType,
            /// The resource as it was sent.
            data: Json,
        }
        optional {
            /// Time of the event; not sent by every deployment.
            timestamp: Option<Timestamp>,
        }
    }
}

/// The resource of an event. Returned by [`WebhookEvent::resource`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookResource {
    /// Dataset of a `dataset.*` event.
    Dataset(Box<Dataset>),
    /// Export of an `export.*` event.
    Export(Box<Export>),
    /// Task of a `task.*` event.
    Task(Box<Task>),
    /// Data of any other event, free-form.
    Other(Json),
}

impl WebhookEvent {
    /// Decodes the body of a delivery; `event` is the value of the header `X-Avala-Webhook-Event`.
    ///
    /// Verify the signature first, so that only bodies from Avala are decoded. The signature covers the body and not
    /// the headers: if the body names an event (as `event`, or as `event_type`), that name must be the one of the
    /// header. A bare body names none, so its event is as trustworthy as the connection; check the fields of the
    /// resource before acting on it.
    ///
    /// # Errors
    /// Fails if the body is not JSON, if it wraps the resource in an undocumented form, or if it names another event
    /// than the header ([`is_mismatch`](WebhookEventError::is_mismatch)).
    pub fn from_body(event: impl Into<EventType>, body: &str) -> Result<Self, WebhookEventError> {
        let event = event.into();
        let read = body.parse().and_then(|body: Json| {
            let signed: Signed = body.parse().unwrap_or_default();
            let is_wrapped = signed.wraps(&event);
            match signed.events.into_iter().find(|signed| *signed != event && is_event_name(signed)) {
                Some(other) => Ok(Err(other)),
                None if is_wrapped => read_lenient(body.get()).map(Ok),
                None => Ok(Ok(Self::new(event.clone(), body))),
            }
        });
        match read {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(signed)) => Err(WebhookEventError { event, failure: Failure::Mismatch(signed) }),
            Err(error) => {
                let error = DecodeError::locate::<Self>(body, error);
                Err(WebhookEventError { event, failure: Failure::Decode("body", error) })
            }
        }
    }

    /// Decodes the resource by the first word of the event, so that a new event of a known resource is typed too.
    ///
    /// # Errors
    /// Fails if the data is not a valid resource.
    pub fn resource(&self) -> Result<WebhookResource, WebhookEventError> {
        let kind = self.event.as_str().split_once('.').map(|(kind, _)| kind);
        Ok(match kind {
            Some("dataset") => WebhookResource::Dataset(Box::new(self.read()?)),
            Some("export") => WebhookResource::Export(Box::new(self.read()?)),
            Some("task") => WebhookResource::Task(Box::new(self.read()?)),
            _ => WebhookResource::Other(self.data.clone()),
        })
    }

    fn read<T: Decode>(&self) -> Result<T, WebhookEventError> {
        from_json(self.data.get()).map_err(|error| WebhookEventError {
            event: self.event.clone(),
            failure: Failure::Decode("resource", error),
        })
    }
}

/// The information of a body about its event. Empty for a body that is not an object.
#[derive(Default)]
struct Signed {
    /// The texts under `event`, and under `event_type` as in an execution. A field that occurs twice counts twice.
    events: Vec<EventType>,
    has_event: bool,
    has_data: bool,
}

impl Signed {
    /// Returns whether the body wraps the resource of this event, such as `{"event", "data"}`.
    fn wraps(&self, event: &EventType) -> bool {
        self.has_event && self.has_data && self.events.contains(event)
    }
}

impl<'de> Deserialize<'de> for Signed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Body;

        impl<'de> Visitor<'de> for Body {
            type Value = Signed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            crate::refused_text::refuse_text!();

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Signed, A::Error> {
                let mut signed = Signed::default();
                while let Some(Name(name)) = map.next_key()? {
                    // Text is not parsed, however deep it is.
                    let value: &RawValue = map.next_value()?;
                    let text = || serde_json::from_str::<String>(value.get()).ok().map(EventType::from);
                    match &*name {
                        "event" => {
                            signed.has_event = true;
                            signed.events.extend(text());
                        }
                        "event_type" => signed.events.extend(text()),
                        "data" => signed.has_data = true,
                        _ => {}
                    }
                }
                Ok(signed)
            }
        }

        deserializer.deserialize_map(Body)
    }
}

/// Returns whether a text names an event, such as `export.completed`: a free-form resource may have fields named
/// its own `event` and `data`.
fn is_event_name(event: &EventType) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    event.as_str().split_once('.').is_some_and(|(resource, verb)| is_word(resource) && is_word(verb))
}

/// Error of decoding an event.
#[derive(Debug)]
pub struct WebhookEventError {
    event: EventType,
    failure: Failure,
}

#[derive(Debug)]
enum Failure {
    /// The part that cannot be decoded, and why.
    Decode(&'static str, DecodeError),
    /// The event that the signed body names.
    Mismatch(EventType),
}

impl WebhookEventError {
    /// Returns the event that the header named.
    #[must_use]
    pub fn event(&self) -> &EventType {
        &self.event
    }

    /// Returns whether the signed body names another event than the unsigned header.
    #[must_use]
    pub fn is_mismatch(&self) -> bool {
        matches!(self.failure, Failure::Mismatch(_))
    }
}

impl fmt::Display for WebhookEventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = &self.event;
        match &self.failure {
            Failure::Decode(part, error) => write!(f, "the {part} of a {event} event cannot be decoded: {error}"),
            Failure::Mismatch(signed) => write!(f, "the header names the event {event}, the signed body {signed}"),
        }
    }
}

impl std::error::Error for WebhookEventError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.failure {
            Failure::Decode(_, error) => Some(error),
            Failure::Mismatch(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, body: &str) -> WebhookEvent {
        WebhookEvent::from_body(name, body).unwrap()
    }

    #[test]
    fn both_shapes_give_the_same_resource() {
        let task = r#"{"uid":"t1","status":"completed","big":18446744073709551616}"#;
        let bare = event("task.completed", task);
        assert_eq!((bare.data.get(), bare.timestamp), (task, None));

        let text = format!(r#"{{"event":"task.completed","data":{task},"timestamp":"2025-01-15T09:30:00Z","v":2}}"#);
        let wrapped = event("task.completed", &text);
        assert_eq!(wrapped.data.get(), task);
        assert_eq!(wrapped.timestamp, Some("2025-01-15T09:30:00Z".parse().unwrap()));
        assert!(wrapped.extra.get("v").is_some());
        assert_eq!(serde_json::to_string(&wrapped).unwrap(), text);
        assert_eq!(wrapped.resource().unwrap(), bare.resource().unwrap());
    }

    #[test]
    fn a_resource_that_looks_like_an_envelope_is_taken_as_it_is() {
        for body in [
            r#"{"event":"breach","data":{"value":0.4}}"#,
            r#"{"event":"v1.2","data":{"value":0.4}}"#,
            r#"{"event":7,"data":{}}"#,
            r#"{"event":"quality.alert"}"#,
            r#"{"data":[1]}"#,
            "[1]",
        ] {
            let event = event("quality.alert", body);
            assert_eq!(event.resource().unwrap(), WebhookResource::Other(body.parse().unwrap()));
        }
        let escaped = event("quality.alert", r#"{"event":"quality\u002ealert","data":1}"#);
        assert_eq!(escaped.data.get(), "1");
    }

    #[test]
    fn a_signed_event_is_not_overridden_by_the_header() {
        let deep = format!(r#"{{"data":{}{},"event":"dataset.deleted"}}"#, "[".repeat(500), "]".repeat(500));
        for body in [
            r#"{"event":"dataset.deleted","data":{}}"#,
            r#"{"event":"dataset.deleted"}"#,
            r#"{"event":"task.completed","event":"dataset.deleted","data":{}}"#,
            r#"{"event":"dataset.deleted","event":"task.completed","data":{}}"#,
            r#"{"ev\u0065nt":"dataset.deleted","data":{}}"#,
            r#"{"uid":"e1","event_type":"dataset.deleted","task":"t1"}"#,
            &*deep,
        ] {
            let error = WebhookEvent::from_body("task.completed", body).unwrap_err();
            assert!(error.is_mismatch(), "{body}: {error}");
        }
        let execution = r#"{"uid":"e1","event_type":"task.completed"}"#;
        assert_eq!(event("task.completed", execution).data.get(), execution);
        let twice = r#"{"event":"task.completed","event":"task.completed","data":{}}"#;
        assert!(!WebhookEvent::from_body("task.completed", twice).unwrap_err().is_mismatch());
    }

    #[test]
    fn the_first_word_of_the_event_types_the_resource() {
        let dataset = r#"{"uid":"d1","name":"n","slug":"s"}"#;
        for name in ["dataset.created", "dataset.updated", "dataset.deleted", "dataset.archived"] {
            assert!(matches!(event(name, dataset).resource(), Ok(WebhookResource::Dataset(_))), "{name}");
        }
        for name in ["export.completed", "export.failed"] {
            assert!(matches!(event(name, dataset).resource(), Ok(WebhookResource::Export(_))), "{name}");
        }
        for name in ["result.accepted", "quality.alert", "datasets.created", "dataset", ""] {
            assert!(matches!(event(name, dataset).resource(), Ok(WebhookResource::Other(_))), "{name}");
        }
    }

    #[test]
    fn an_error_names_the_event_and_what_is_wrong() {
        let error = WebhookEvent::from_body("task.completed", "<html>").unwrap_err();
        assert_eq!(error.event(), &EventType::TaskCompleted);
        assert!(error.to_string().starts_with("the body of a task.completed event cannot be decoded: "), "{error}");
        let wrapped = r#"{"event":"task.completed","data":{},"timestamp":"soon"}"#;
        let odd = WebhookEvent::from_body("task.completed", wrapped).unwrap();
        assert_eq!((odd.timestamp, odd.extra.get("timestamp").unwrap().get()), (None, r#""soon""#));

        let signed = r#"{"event":"export.completed","data":{}}"#;
        let error = WebhookEvent::from_body("dataset.deleted", signed).unwrap_err();
        assert!(error.is_mismatch(), "{error}");
        assert!(error.to_string().contains("export.completed"), "{error}");

        let error = event("dataset.created", r#"{"uid":"d1"}"#).resource().unwrap_err().to_string();
        assert!(error.contains("the resource of a dataset.created event") && error.contains("`name`"), "{error}");
    }
}
