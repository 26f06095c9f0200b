//! Consensus: the agreement of annotators.

use crate::id::{ConsensusConfigUid, ConsensusScoreUid, ItemUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Type of a consensus score.
    pub enum ConsensusScoreType {
        /// Agreement between annotators of the same item.
        InterAnnotator = "inter_annotator",
        /// Intersection over union (IoU).
        Iou = "iou",
        /// Exact match.
        ExactMatch = "exact_match",
    }
}

model! {
    /// Consensus summary of a project.
    pub struct ConsensusSummary {
        required {
            /// Mean score.
            mean_score: f64,
            /// Median score.
            median_score: f64,
            /// Lowest score.
            min_score: f64,
            /// Highest score.
            max_score: f64,
            /// Number of items.
            total_items: u64,
            /// Number of items with agreement.
            items_with_consensus: u64,
        }
        optional {
            /// Score distribution, a free-form object.
            score_distribution: Option<Json>,
            /// Scores by task name, a free-form list.
            by_task_name: Option<Json>,
        }
    }
}

model! {
    /// Consensus score of one item.
    pub struct ConsensusScore {
        required {
            /// Unique identifier (UID).
            uid: ConsensusScoreUid,
            /// Item.
            dataset_item_uid: ItemUid,
            /// Display name of the task.
            task_name: String,
            /// Agreement score; higher is better.
            score: f64,
            /// Number of annotators.
            annotator_count: u64,
        }
        optional {
            /// Score type.
            score_type: Option<ConsensusScoreType>,
            /// Details, a free-form object.
            details: Option<Json>,
            /// Creation time.
            created_at: Option<Timestamp>,
        }
    }
}

model! {
    /// Consensus configuration: when annotators count as agreeing.
    pub struct ConsensusConfig {
        required {
            /// Unique identifier (UID).
            uid: ConsensusConfigUid,
        }
        optional {
            /// IoU threshold of equal shapes, 0 to 1.
            iou_threshold: Option<f64>,
            /// Required share of agreeing annotators, 0 to 1.
            min_agreement_ratio: Option<f64>,
            /// Number of annotations that an item needs for a score.
            min_annotations: Option<u64>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// Response of requesting new scores.
    ///
    /// No field is required: it is also documented as a [`ConsensusScore`], whose fields are then in `extra`.
    #[derive(Eq, Hash)]
    pub struct ConsensusComputeResult {
        required {}
        optional {
            /// Computation status, free text.
            status: Option<String>,
            /// Message.
            message: Option<String>,
        }
    }
}

payload! {
    /// Update of the consensus configuration (`PUT /projects/{project_uid}/consensus/config/`).
    pub struct UpdateConsensusConfig {
        required {}
        optional {
            /// IoU threshold of equal shapes, 0 to 1.
            iou_threshold: f64,
            /// Required share of agreeing annotators, 0 to 1.
            min_agreement_ratio: f64,
        }
        numbers {
            /// Number of annotations that an item needs for a score.
            min_annotations: u64,
        }
    }
}
