//! Setters of the models of agents, webhooks and inference providers.

use std::collections::BTreeMap;

use super::setters;
use crate::agent::{Agent, AgentAction, AgentExecution, ExecutionStatus};
use crate::connection_test::{AgentTest, AlertChannelTest, InferenceProviderTest, StorageConfigTest, WebhookTest};
use crate::fleet::AlertChannelType;
use crate::id::{
    AgentUid, AlertChannelUid, ExecutionUid, InferenceProviderUid, ModelUid, ProjectUid, ResultUid, TaskUid,
    WebhookDeliveryUid, WebhookUid,
};
use crate::inference_provider::{InferenceProvider, InferenceProviderType, ProjectRef};
use crate::json::Json;
use crate::ml_model::Model;
use crate::secret::{Secret, SecretJson};
use crate::task::TaskType;
use crate::timestamp::Timestamp;
use crate::webhook::{Webhook, WebhookDelivery, WebhookDeliveryStatus};
use crate::webhook_event::{EventType, WebhookEvent};

setters! {
    Agent {
        with_uid uid: AgentUid,
        with_name name: String,
        with_description description: Option<String>,
        with_events events: Vec<EventType>,
        with_callback_url callback_url: Option<String>,
        with_is_active is_active: Option<bool>,
        with_project project: Option<ProjectUid>,
        with_task_types task_types: Vec<TaskType>,
        with_secret secret: Option<Secret>,
        with_execution_stats execution_stats: Option<BTreeMap<String, u64>>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    AgentExecution {
        with_uid uid: ExecutionUid,
        with_registration registration: Option<AgentUid>,
        with_event_type event_type: EventType,
        with_task task: Option<TaskUid>,
        with_result result: Option<ResultUid>,
        with_status status: Option<ExecutionStatus>,
        with_action action: Option<AgentAction>,
        with_event_payload event_payload: Option<Json>,
        with_response_payload response_payload: Option<Json>,
        with_error_message error_message: Option<String>,
        with_started_at started_at: Option<Timestamp>,
        with_completed_at completed_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    InferenceProvider {
        with_uid uid: InferenceProviderUid,
        with_name name: String,
        with_description description: Option<String>,
        with_provider_type provider_type: Option<InferenceProviderType>,
        with_config config: Option<SecretJson>,
        with_is_active is_active: Option<bool>,
        with_project project: Option<ProjectRef>,
        with_last_test_at last_test_at: Option<Timestamp>,
        with_last_test_success last_test_success: Option<bool>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    Model {
        with_uid uid: ModelUid,
        with_name name: Option<String>,
        with_description description: Option<String>,
        with_model_type_name model_type_name: Option<String>,
        with_model_type_description model_type_description: Option<String>,
        with_is_public is_public: Option<bool>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    Webhook {
        with_uid uid: WebhookUid,
        with_target_url target_url: String,
        with_events events: Vec<EventType>,
        with_is_active is_active: Option<bool>,
        with_secret secret: Option<Secret>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    WebhookDelivery {
        with_uid uid: WebhookDeliveryUid,
        with_subscription subscription: WebhookUid,
        with_event_type event_type: EventType,
        with_payload payload: Option<Json>,
        with_response_status response_status: Option<u16>,
        with_response_body response_body: Option<String>,
        with_attempts attempts: u64,
        with_next_retry_at next_retry_at: Option<Timestamp>,
        with_status status: Option<WebhookDeliveryStatus>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_response_body_size response_body_size: Option<u64>,
        with_response_body_sha256 response_body_sha256: Option<String>,
        with_response_preview response_preview: Option<String>,
    }

    WebhookEvent {
        with_event event: EventType,
        with_data data: Json,
        with_timestamp timestamp: Option<Timestamp>,
    }

    AgentTest {
        with_success success: Option<bool>,
        with_message message: Option<String>,
        with_delivered delivered: Option<bool>,
        with_status_code status_code: Option<u64>,
    }

    WebhookTest {
        with_success success: Option<bool>,
        with_message message: Option<String>,
        with_delivered delivered: Option<bool>,
        with_status_code status_code: Option<u64>,
    }

    AlertChannelTest {
        with_detail detail: Option<String>,
        with_channel_uid channel_uid: Option<AlertChannelUid>,
        with_channel_type channel_type: Option<AlertChannelType>,
        with_success success: Option<bool>,
        with_message message: Option<String>,
    }

    InferenceProviderTest {
        with_success success: Option<bool>,
        with_message message: Option<String>,
        with_tested_at tested_at: Option<Timestamp>,
        with_latency_ms latency_ms: Option<f64>,
    }

    StorageConfigTest {
        with_verified verified: Option<bool>,
        with_errors errors: BTreeMap<String, Vec<String>>,
        with_success success: Option<bool>,
        with_message message: Option<String>,
    }
}
