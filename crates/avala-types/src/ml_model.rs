//! Models of machine learning, as the server lists them.

use crate::model::model;
use crate::{ModelUid, Timestamp};

model! {
    /// A model of machine learning that can be used in projects.
    #[derive(Eq, Hash)]
    pub struct Model {
        required {
            /// Its identity.
            uid: ModelUid,
        }
        optional {
            /// Its name, as people read it.
            name: Option<String>,
            /// What it is for.
            description: Option<String>,
            /// The kind of model.
            model_type_name: Option<String>,
            /// What that kind is for.
            model_type_description: Option<String>,
            /// Whether everybody can use it.
            is_public: Option<bool>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}
