//! Agents, auto-label jobs, inference providers, models and webhooks.

use avala_client::Avala;
use avala_client::types::{
    CreateAgent, CreateAgentAction, CreateAutoLabelJob, CreateInferenceProvider, CreateWebhook, EventType, UpdateAgent,
    UpdateInferenceProvider, UpdateWebhook,
};
use serde_json::json;

use crate::contract::case::{Case, id, paged};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    agents(avala).into_iter().chain(models(avala)).chain(webhooks(avala)).collect()
}

fn agents(avala: &Avala) -> Vec<Case> {
    let agents = avala.agents();
    let agent = CreateAgent::new("n");
    let whole_agent = agent
        .clone()
        .events([EventType::TaskCompleted])
        .description("d")
        .callback_url("https://x")
        .is_active(true)
        .project("p")
        .task_types(["image-annotation"]);
    let changes = UpdateAgent::default()
        .name("n")
        .events([EventType::TaskCompleted])
        .description("d")
        .callback_url("https://x")
        .is_active(true)
        .project("p")
        .task_types(["image-annotation"]);
    let action = CreateAgentAction::new("x", "skip");
    vec![
        Case::new("agent_actions.create", avala.agent_actions().create(&action))
            .complete(avala.agent_actions().create(&action.clone().reason("r"))),
        Case::new("agents.create", agents.create(&agent)).complete(agents.create(&whole_agent)),
        Case::new("agents.delete", agents.delete(id("uid"))),
        Case::new("agents.get", agents.get(id("uid"))),
        Case::new("agents.list", agents.list()).complete(paged(agents.list())),
        Case::new("agents.list_executions", agents.list_executions(id("uid")))
            .complete(paged(agents.list_executions(id("uid"))).project("p").status("pending").task_types(["a", "b"])),
        Case::new("agents.test", agents.test(id("uid"))),
        Case::new("agents.update", agents.update(id("uid"), &UpdateAgent::default()))
            .complete(agents.update(id("uid"), &changes)),
    ]
}

fn models(avala: &Avala) -> Vec<Case> {
    let jobs = avala.auto_label_jobs();
    let job = CreateAutoLabelJob::default().model_type("sam3").confidence_threshold(0.5).labels(["car"]).dry_run(true);
    let providers = avala.inference_providers();
    let provider = CreateInferenceProvider::new("n", "http", json!({}));
    let changes = UpdateInferenceProvider::default()
        .name("n")
        .description("d")
        .provider_type("http")
        .config(json!({}))
        .is_active(true)
        .project("p");
    vec![
        Case::new("auto_label_jobs.cancel", jobs.cancel(id("uid"))),
        Case::new("auto_label_jobs.create", jobs.create(id("project_uid"), &CreateAutoLabelJob::default()))
            .complete(jobs.create(id("project_uid"), &job)),
        Case::new("auto_label_jobs.get", jobs.get(id("uid"))),
        Case::new("auto_label_jobs.list", jobs.list()).complete(paged(jobs.list()).project("p").status("running")),
        Case::new("inference_providers.create", providers.create(&provider))
            .complete(providers.create(&provider.clone().description("d").is_active(true).project("p"))),
        Case::new("inference_providers.delete", providers.delete(id("uid"))),
        Case::new("inference_providers.get", providers.get(id("uid"))),
        Case::new("inference_providers.list", providers.list()).complete(paged(providers.list())),
        Case::new("inference_providers.test", providers.test(id("uid"))),
        Case::new("inference_providers.update", providers.update(id("uid"), &UpdateInferenceProvider::default()))
            .complete(providers.update(id("uid"), &changes)),
        Case::new("models.list", avala.models().list()).complete(paged(avala.models().list())),
    ]
}

fn webhooks(avala: &Avala) -> Vec<Case> {
    let (webhooks, deliveries) = (avala.webhooks(), avala.webhook_deliveries());
    let webhook = CreateWebhook::new("https://x", [EventType::TaskCompleted]);
    let changes = UpdateWebhook::default().target_url("https://x").events([EventType::TaskCompleted]).is_active(true);
    vec![
        Case::new("webhook_deliveries.get", deliveries.get(id("uid"))),
        Case::new("webhook_deliveries.list", deliveries.list()).complete(paged(deliveries.list())),
        Case::new("webhooks.create", webhooks.create(&webhook))
            .complete(webhooks.create(&webhook.clone().is_active(true).secret("s"))),
        Case::new("webhooks.delete", webhooks.delete(id("uid"))),
        Case::new("webhooks.get", webhooks.get(id("uid"))),
        Case::new("webhooks.list", webhooks.list()).complete(paged(webhooks.list())),
        Case::new("webhooks.test", webhooks.test(id("uid"))),
        Case::new("webhooks.update", webhooks.update(id("uid"), &UpdateWebhook::default()))
            .complete(webhooks.update(id("uid"), &changes)),
    ]
}
