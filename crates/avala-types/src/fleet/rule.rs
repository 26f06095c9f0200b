//! Rules that raise alerts.

use crate::id::RuleUid;
use crate::json::Json;
use crate::model::{model, payload};
use crate::timestamp::Timestamp;

model! {
    /// A rule: a condition and the actions taken when it holds.
    #[derive(Eq, Hash)]
    pub struct FleetRule {
        required {
            /// Unique identifier (UID).
            uid: RuleUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Description.
            description: Option<String>,
            /// Whether the rule is enabled.
            enabled: Option<bool>,
            /// Condition, a free-form object.
            condition: Option<Json>,
            /// Actions, a list of free-form objects.
            actions: Option<Json>,
            /// Scope of the rule, a free-form object.
            scope: Option<Json>,
            /// Number of times the condition held.
            hit_count: Option<u64>,
            /// Time when the condition last held.
            last_hit_at: Option<Timestamp>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that creates a rule (`POST /fleet/rules/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetRule {
        required {
            /// Display name.
            name: String,
            /// Condition, a free-form object.
            condition: Json,
            /// Actions, a list of free-form objects.
            actions: Json,
        }
        optional {
            /// Description.
            description: String,
            /// Whether the rule is enabled.
            enabled: bool,
            /// Scope of the rule, a free-form object.
            scope: Json,
        }
    }
}

payload! {
    /// Update of a rule (`PATCH /fleet/rules/{rule_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateFleetRule {
        required {}
        optional {
            /// Display name.
            name: String,
            /// Whether the rule is enabled.
            enabled: bool,
            /// Condition, a free-form object.
            condition: Json,
            /// Actions, a list of free-form objects.
            actions: Json,
        }
        patch {
            /// Description.
            description: String,
            /// Scope of the rule, a free-form object.
            scope: Json,
        }
    }
}
