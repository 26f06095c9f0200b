//! Inference providers: models that run outside of Avala.

use avala_types::{
    CreateInferenceProvider, InferenceProvider, InferenceProviderTest, InferenceProviderUid, UpdateInferenceProvider,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for inference providers: models that run outside of Avala. Returned by [`Avala::inference_providers`].
#[derive(Clone, Debug)]
pub struct InferenceProviders {
    avala: Avala,
}

impl InferenceProviders {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Registers an inference provider (`POST /inference-providers/`).
    pub fn create(&self, provider: &CreateInferenceProvider) -> Call<InferenceProvider> {
        self.avala.call(Endpoint::post("inference_providers.create", "/inference-providers/"), &[]).json(provider)
    }

    /// Lists the inference providers of the account (`GET /inference-providers/`).
    pub fn list(&self) -> List<InferenceProvider> {
        self.avala.list(Endpoint::get("inference_providers.list", "/inference-providers/"), &[])
    }

    /// Gets an inference provider (`GET /inference-providers/{uid}/`).
    pub fn get(&self, uid: impl Into<InferenceProviderUid>) -> Call<InferenceProvider> {
        let endpoint = Endpoint::get("inference_providers.get", "/inference-providers/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }

    /// Updates an inference provider (`PATCH /inference-providers/{uid}/`).
    pub fn update(
        &self,
        uid: impl Into<InferenceProviderUid>,
        changes: &UpdateInferenceProvider,
    ) -> Call<InferenceProvider> {
        let endpoint = Endpoint::patch("inference_providers.update", "/inference-providers/{uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes an inference provider (`DELETE /inference-providers/{uid}/`).
    pub fn delete(&self, uid: impl Into<InferenceProviderUid>) -> Call<()> {
        let endpoint = Endpoint::delete("inference_providers.delete", "/inference-providers/{uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }

    /// Tests the connection of an inference provider (`POST /inference-providers/{uid}/test/`).
    pub fn test(&self, uid: impl Into<InferenceProviderUid>) -> Call<InferenceProviderTest> {
        let endpoint = Endpoint::post("inference_providers.test", "/inference-providers/{uid}/test/");
        // The server limits inference separately, to ten calls per minute.
        self.avala.call(endpoint, &[uid.into().as_str()]).options(|options| options.rate_scope = Some("inference"))
    }
}
