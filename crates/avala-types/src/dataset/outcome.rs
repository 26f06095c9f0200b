//! Outcomes of sequences: the success of a recorded episode.

use crate::id::{SequenceOutcomeUid, SequenceUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Label of an outcome: how an episode went.
    pub enum OutcomeLabel {
        /// Success, as good as an expert's.
        ExpertSuccess = "expert_success",
        /// Success that took too long.
        SlowSuccess = "slow_success",
        /// Part of the task was done.
        PartialSuccess = "partial_success",
        /// A mistake that was corrected.
        MistakeAndRecovery = "mistake_and_recovery",
        /// A human had to intervene.
        Intervention = "intervention",
        /// A human or an object was in danger.
        Unsafe = "unsafe",
        /// Aborted before the end.
        Aborted = "aborted",
        /// The task was not done.
        Failure = "failure",
        /// Success by a new strategy.
        NovelStrategy = "novel_strategy",
        /// Success that wastes time or effort.
        InefficientStrategy = "inefficient_strategy",
    }

    /// Who controlled the robot.
    pub enum AutonomyLevel {
        /// A human did the task by hand.
        HumanDemonstration = "human_demonstration",
        /// A human teleoperated the robot.
        Teleoperation = "teleoperation",
        /// The robot acted autonomously.
        Autonomous = "autonomous",
        /// The robot and a human shared control.
        SharedAutonomy = "shared_autonomy",
        /// The robot acted autonomously until a human intervened.
        Intervention = "intervention",
    }

    /// Which split an episode belongs to.
    pub enum EvaluationMembership {
        /// For training.
        Train = "train",
        /// Held out for evaluation.
        HeldOutEval = "held_out_eval",
        /// In neither split.
        None = "none",
    }

    /// Kind of labeller of an outcome.
    pub enum OutcomeSource {
        /// A human.
        Human = "human",
        /// A model.
        Model = "model",
        /// Imported from another system.
        Imported = "imported",
    }
}

model! {
    /// Outcome of a sequence: one version of its label.
    pub struct SequenceOutcome {
        required {
            /// Identifier of this version.
            uid: SequenceOutcomeUid,
        }
        optional {
            /// Sequence that the outcome belongs to.
            sequence_uid: Option<SequenceUid>,
            /// How the episode went.
            outcome: Option<OutcomeLabel>,
            /// Progress of the task.
            progress: Option<f64>,
            /// Rating of the quality.
            quality: Option<u64>,
            /// Rating of the speed.
            speed: Option<u64>,
            /// Subtasks and how each of them went.
            subtasks: Option<Json>,
            /// Actions of the hands.
            hand_actions: Option<Json>,
            /// Type of the mistake.
            mistake_type: Option<String>,
            /// Type of the recovery.
            recovery_type: Option<String>,
            /// Stage at which the task failed.
            failure_stage: Option<String>,
            /// Who controlled the robot.
            autonomy_level: Option<AutonomyLevel>,
            /// Version of the model that acted.
            model_version: Option<String>,
            /// Split that the episode belongs to.
            evaluation_membership: Option<EvaluationMembership>,
            /// Groups of episodes that must not be split between training and evaluation.
            leakage_groups: Option<Json>,
            /// Who labelled the outcome.
            source: Option<OutcomeSource>,
            /// Confidence of the label.
            confidence: Option<f64>,
            /// Details about the source.
            source_metadata: Option<Json>,
            /// Version number of the label.
            version: Option<u64>,
            /// Whether this is the current version.
            is_current: Option<bool>,
            /// Account that labelled the outcome.
            labeled_by: Option<Json>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last change.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Outcome of a sequence, which replaces the whole current one
    /// (`PUT /datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/`).
    pub struct SetSequenceOutcome {
        required {
            /// How the episode went.
            outcome: OutcomeLabel,
        }
        optional {
            /// Actions of the hands.
            hand_actions: Json,
            /// Type of the mistake.
            mistake_type: String,
            /// Type of the recovery.
            recovery_type: String,
            /// Stage at which the task failed.
            failure_stage: String,
            /// Who controlled the robot.
            autonomy_level: AutonomyLevel,
            /// Version of the model that acted.
            model_version: String,
            /// Split that the episode belongs to.
            evaluation_membership: EvaluationMembership,
            /// Groups of episodes that must not be split between training and evaluation.
            leakage_groups: Json,
            /// Who labelled the outcome.
            source: OutcomeSource,
            /// Details about the source.
            source_metadata: Json,
        }
        lists {
            /// Subtasks and how each of them went.
            subtasks: Json,
        }
        numbers {
            /// Progress of the task.
            progress: f64,
            /// Rating of the quality.
            quality: u64,
            /// Rating of the speed.
            speed: u64,
            /// Confidence of the label.
            confidence: f64,
        }
    }
}
