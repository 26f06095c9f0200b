//! Machine learning models, as the server lists them.

use crate::id::ModelUid;
use crate::model::model;
use crate::timestamp::Timestamp;

model! {
    /// A machine learning model that projects can use.
    #[derive(Eq, Hash)]
    pub struct Model {
        required {
            /// Unique identifier (UID).
            uid: ModelUid,
        }
        optional {
            /// Display name.
            name: Option<String>,
            /// Description.
            description: Option<String>,
            /// Model type.
            model_type_name: Option<String>,
            /// Description of the type.
            model_type_description: Option<String>,
            /// Whether the model is public.
            is_public: Option<bool>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}
