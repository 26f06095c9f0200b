//! Webhooks: your own URLs that receive events.

use avala_types::{CreateWebhook, UpdateWebhook, Webhook, WebhookTest, WebhookUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for webhooks: your own URLs that receive events. Returned by [`Avala::webhooks`].
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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut webhooks = avala.webhooks().list().items();
    /// while let Some(webhook) = webhooks.next().await {
    ///     let webhook = webhook?;
    ///     println!("{}: {:?}", webhook.target_url, webhook.events);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Webhook> {
        self.avala.list(Endpoint::get("webhooks.list", "/webhooks/"), &[])
    }

    /// Gets a webhook (`GET /webhooks/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let webhook = avala.webhooks().get("w1").await?;
    /// println!("{}: {:?}", webhook.target_url, webhook.events);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<WebhookUid>) -> Call<Webhook> {
        self.avala.call(Endpoint::get("webhooks.get", "/webhooks/{uid}/"), &[uid.into().as_str()])
    }

    /// Updates a webhook (`PATCH /webhooks/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{EventType, UpdateWebhook};
    ///
    /// let changes = UpdateWebhook::default().events([EventType::ExportCompleted]);
    /// let webhook = avala.webhooks().update("w1", &changes).await?;
    /// println!("{}: {:?}", webhook.target_url, webhook.events);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, uid: impl Into<WebhookUid>, changes: &UpdateWebhook) -> Call<Webhook> {
        let endpoint = Endpoint::patch("webhooks.update", "/webhooks/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes a webhook (`DELETE /webhooks/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.webhooks().delete("w1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such webhook"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<WebhookUid>) -> Call<()> {
        self.avala.command(Endpoint::delete("webhooks.delete", "/webhooks/{uid}/"), &[uid.into().as_str()])
    }

    /// Sends a test event to a webhook (`POST /webhooks/{uid}/test/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let test = avala.webhooks().test("w1").await?;
    /// println!("delivered: {:?}, status {:?}", test.delivered, test.status_code);
    /// # Ok(())
    /// # }
    /// ```
    pub fn test(&self, uid: impl Into<WebhookUid>) -> Call<WebhookTest> {
        self.avala.call(Endpoint::post("webhooks.test", "/webhooks/{uid}/test/"), &[uid.into().as_str()])
    }
}
