//! Consensus: how far annotators agree.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{ConsensusConfigUid, ConsensusScoreUid, ItemUid, Json, Timestamp};

open_enum! {
    /// How agreement is measured.
    pub enum ConsensusScoreType {
        /// By what annotators say of the same item.
        InterAnnotator = "inter_annotator",
        /// By the overlap of shapes.
        Iou = "iou",
        /// By answers that are the same.
        ExactMatch = "exact_match",
    }
}

model! {
    /// How far the annotators of a project agree.
    pub struct ConsensusSummary {
        required {
            /// The mean of the scores.
            mean_score: f64,
            /// The median of the scores.
            median_score: f64,
            /// The lowest score.
            min_score: f64,
            /// The highest score.
            max_score: f64,
            /// How many items there are.
            total_items: u64,
            /// How many of them have annotators that agree.
            items_with_consensus: u64,
        }
        optional {
            /// How many items have which score: a free-form object.
            score_distribution: Option<Json>,
            /// The same for each task name: a free-form list.
            by_task_name: Option<Json>,
        }
    }
}

model! {
    /// How far the annotators of one item agree.
    pub struct ConsensusScore {
        required {
            /// Its identity.
            uid: ConsensusScoreUid,
            /// The item.
            dataset_item_uid: ItemUid,
            /// The name of the task.
            task_name: String,
            /// How far they agree; more is better.
            score: f64,
            /// How many annotators there were.
            annotator_count: u64,
        }
        optional {
            /// How it was measured.
            score_type: Option<ConsensusScoreType>,
            /// How it came about: a free-form object.
            details: Option<Json>,
            /// When it was made.
            created_at: Option<Timestamp>,
        }
    }
}

model! {
    /// When annotators count as agreeing.
    pub struct ConsensusConfig {
        required {
            /// Its identity.
            uid: ConsensusConfigUid,
        }
        optional {
            /// How far two shapes must overlap to be the same, from 0 to 1.
            iou_threshold: Option<f64>,
            /// The share of annotators that must agree, from 0 to 1.
            min_agreement_ratio: Option<f64>,
            /// How many annotations an item must have to get a score.
            min_annotations: Option<u64>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// The answer to the wish for new scores.
    ///
    /// Nothing is required: it is also documented as a [`ConsensusScore`], whose fields are then in `extra`.
    #[derive(Eq, Hash)]
    pub struct ConsensusComputeResult {
        required {}
        optional {
            /// How far the computation is, in the server's words.
            status: Option<String>,
            /// The same, in a sentence.
            message: Option<String>,
        }
    }
}

payload! {
    /// What changes in when annotators count as agreeing (`PUT /projects/{project_uid}/consensus/config/`).
    pub struct UpdateConsensusConfig {
        required {}
        optional {
            /// How far two shapes must overlap to be the same, from 0 to 1.
            iou_threshold: f64,
            /// The share of annotators that must agree, from 0 to 1.
            min_agreement_ratio: f64,
        }
        numbers {
            /// How many annotations an item must have to get a score.
            min_annotations: u64,
        }
    }
}
