//! Deliveries to webhooks.

use avala_types::{WebhookDelivery, WebhookDeliveryUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for deliveries to webhooks. Returned by [`Avala::webhook_deliveries`].
#[derive(Clone, Debug)]
pub struct WebhookDeliveries {
    avala: Avala,
}

impl WebhookDeliveries {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Lists the deliveries to all webhooks of the account (`GET /webhook-deliveries/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut deliverys = avala.webhook_deliveries().list().items();
    /// while let Some(delivery) = deliverys.next().await {
    ///     let delivery = delivery?;
    ///     println!("{}: {:?} after {} attempts", delivery.event_type, delivery.status, delivery.attempts);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<WebhookDelivery> {
        self.avala.list(Endpoint::get("webhook_deliveries.list", "/webhook-deliveries/"), &[])
    }

    /// Gets a delivery (`GET /webhook-deliveries/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let delivery = avala.webhook_deliveries().get("wd1").await?;
    /// println!("{}: {:?} after {} attempts", delivery.event_type, delivery.status, delivery.attempts);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<WebhookDeliveryUid>) -> Call<WebhookDelivery> {
        let endpoint = Endpoint::get("webhook_deliveries.get", "/webhook-deliveries/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }
}
