//! Webhooks: URLs of yours that receive events.

use avala_types::{CreateWebhook, UpdateWebhook, Webhook, WebhookTest, WebhookUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for webhooks: URLs of yours that receive events. Returned by [`Avala::webhooks`].
#[derive(Clone, Debug)]
pub struct Webhooks {
    avala: Avala,
}

impl Webhooks {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates a webhook (`POST /webhooks/`). Only this response has its secret.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateWebhook, EventType};
    ///
    /// let payload = CreateWebhook::new("https://acme.example/avala", [EventType::ExportCompleted]);
    /// let webhook = avala.webhooks().create(&payload).await?;
    /// let secret = webhook.secret.expect("sent once");
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, webhook: &CreateWebhook) -> Call<Webhook> {
        self.avala.call(Endpoint::post("webhooks.create", "/webhooks/"), &[]).json(webhook)
    }

    /// Lists the webhooks of the account (`GET /webhooks/`).
    pub fn list(&self) -> List<Webhook> {
        self.avala.list(Endpoint::get("webhooks.list", "/webhooks/"), &[])
    }

    /// Gets a webhook (`GET /webhooks/{uid}/`).
    pub fn get(&self, uid: impl Into<WebhookUid>) -> Call<Webhook> {
        self.avala.call(Endpoint::get("webhooks.get", "/webhooks/{uid}/"), &[uid.into().as_str()])
    }

    /// Updates a webhook (`PATCH /webhooks/{uid}/`).
    pub fn update(&self, uid: impl Into<WebhookUid>, changes: &UpdateWebhook) -> Call<Webhook> {
        let endpoint = Endpoint::patch("webhooks.update", "/webhooks/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes a webhook (`DELETE /webhooks/{uid}/`).
    pub fn delete(&self, uid: impl Into<WebhookUid>) -> Call<()> {
        self.avala.command(Endpoint::delete("webhooks.delete", "/webhooks/{uid}/"), &[uid.into().as_str()])
    }

    /// Sends a test event to a webhook (`POST /webhooks/{uid}/test/`).
    pub fn test(&self, uid: impl Into<WebhookUid>) -> Call<WebhookTest> {
        self.avala.call(Endpoint::post("webhooks.test", "/webhooks/{uid}/test/"), &[uid.into().as_str()])
    }
}
