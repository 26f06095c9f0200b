//! Rules: what is watched for.

use crate::model::{model, payload};
use crate::{Json, RuleUid, Timestamp};

model! {
    /// A condition that is watched for, and what is done when it holds.
    #[derive(Eq, Hash)]
    pub struct FleetRule {
        required {
            /// Its identity.
            uid: RuleUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// What it is for.
            description: Option<String>,
            /// Whether it is watched for.
            enabled: Option<bool>,
            /// The condition: a free-form object.
            condition: Option<Json>,
            /// What is done: a list of free-form objects.
            actions: Option<Json>,
            /// What it is watched for in: a free-form object.
            scope: Option<Json>,
            /// How many times it held.
            hit_count: u64,
            /// When it last held.
            last_hit_at: Option<Timestamp>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// A new rule (`POST /fleet/rules/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetRule {
        required {
            /// Its name, as people read it.
            name: String,
            /// The condition: a free-form object.
            condition: Json,
            /// What is done when it holds: a list of free-form objects.
            actions: Json,
        }
        optional {
            /// What it is for.
            description: String,
            /// Whether it is watched for.
            enabled: bool,
            /// What it is watched for in: a free-form object.
            scope: Json,
        }
    }
}

payload! {
    /// What changes in a rule (`PATCH /fleet/rules/{rule_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateFleetRule {
        required {}
        optional {
            /// Its name, as people read it.
            name: String,
            /// Whether it is watched for.
            enabled: bool,
            /// The condition: a free-form object.
            condition: Json,
            /// What is done when it holds: a list of free-form objects.
            actions: Json,
        }
        patch {
            /// What it is for.
            description: String,
            /// What it is watched for in: a free-form object.
            scope: Json,
        }
    }
}
