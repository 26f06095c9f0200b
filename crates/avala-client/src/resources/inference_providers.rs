//! Inference providers: models that run outside Avala.

use avala_types::{
    CreateInferenceProvider, InferenceProvider, InferenceProviderTest, InferenceProviderUid, UpdateInferenceProvider,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for inference providers: models that run outside Avala. Returned by [`Avala::inference_providers`].
#[derive(Clone, Debug)]
pub struct InferenceProviders {
    avala: Avala,
}

impl InferenceProviders {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Registers an inference provider (`POST /inference-providers/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateInferenceProvider, InferenceProviderType};
    /// use serde_json::json;
    ///
    /// let config = json!({"url": "https://models.acme.example/v1", "token": "secret"});
    /// let payload = CreateInferenceProvider::new("Detector", InferenceProviderType::Http, config);
    /// let provider = avala.inference_providers().create(&payload).await?;
    /// println!("{}: {:?}", provider.name, provider.is_active);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, provider: &CreateInferenceProvider) -> Call<InferenceProvider> {
        self.avala.call(Endpoint::post("inference_providers.create", "/inference-providers/"), &[]).json(provider)
    }

    /// Lists the inference providers of the account (`GET /inference-providers/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut providers = avala.inference_providers().list().items();
    /// while let Some(provider) = providers.next().await {
    ///     let provider = provider?;
    ///     println!("{}: {:?}", provider.name, provider.provider_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<InferenceProvider> {
        self.avala.list(Endpoint::get("inference_providers.list", "/inference-providers/"), &[])
    }

    /// Gets an inference provider (`GET /inference-providers/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let provider = avala.inference_providers().get("ip1").await?;
    /// println!("{}: {:?}", provider.name, provider.provider_type);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<InferenceProviderUid>) -> Call<InferenceProvider> {
        let endpoint = Endpoint::get("inference_providers.get", "/inference-providers/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }

    /// Updates an inference provider (`PATCH /inference-providers/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateInferenceProvider;
    ///
    /// let changes = UpdateInferenceProvider::default().is_active(false);
    /// let provider = avala.inference_providers().update("ip1", &changes).await?;
    /// println!("{}: is active: {:?}", provider.name, provider.is_active);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(
        &self,
        uid: impl Into<InferenceProviderUid>,
        changes: &UpdateInferenceProvider,
    ) -> Call<InferenceProvider> {
        let endpoint = Endpoint::patch("inference_providers.update", "/inference-providers/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes an inference provider (`DELETE /inference-providers/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.inference_providers().delete("ip1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such provider"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<InferenceProviderUid>) -> Call<()> {
        let endpoint = Endpoint::delete("inference_providers.delete", "/inference-providers/{uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }

    /// Tests the connection of an inference provider (`POST /inference-providers/{uid}/test/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let test = avala.inference_providers().test("ip1").await?;
    /// println!("{:?} in {:?} ms", test.success, test.latency_ms);
    /// # Ok(())
    /// # }
    /// ```
    pub fn test(&self, uid: impl Into<InferenceProviderUid>) -> Call<InferenceProviderTest> {
        let endpoint = Endpoint::post("inference_providers.test", "/inference-providers/{uid}/test/");
        // The server limits inference separately, to ten calls per minute.
        self.avala.call(endpoint, &[uid.into().as_str()]).options(|options| options.rate_scope = Some("inference"))
    }
}
