//! Machine learning models.

use avala_types::Model;

use crate::avala::Avala;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for machine learning models. Returned by [`Avala::models`].
#[derive(Clone, Debug)]
pub struct Models {
    avala: Avala,
}

impl Models {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Lists the models that the account can use (`GET /models/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut models = avala.models().list().items();
    /// while let Some(model) = models.next().await {
    ///     let model = model?;
    ///     println!("{}: {:?}", model.uid, model.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Model> {
        self.avala.list(Endpoint::get("models.list", "/models/"), &[])
    }
}
