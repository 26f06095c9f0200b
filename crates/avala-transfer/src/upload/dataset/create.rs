//! Creates the dataset once, and never uses a dataset of another program.

use std::time::Duration;

use avala_client::{Avala, ErrorKind as ApiErrorKind, Sent};
use avala_types::{DataType, Dataset, OwnerName};

use crate::error::{Error, ErrorKind};
use crate::run::{RunContext, to_the_end};
use crate::state::journal::Journal;
use crate::upload::dataset::account::Account;
use crate::upload::dataset::records::{Creation, Record};
use crate::upload::dataset::settings::DatasetUpload;

/// Number of look-ups of a dataset after a lost response, and the pause between them.
const LOOKUPS: u32 = 3;
const LOOKUP_INTERVAL: Duration = Duration::from_secs(2);

/// The creation of one dataset.
#[derive(Debug)]
pub(crate) struct Creator<'a> {
    pub(crate) context: &'a RunContext,
    pub(crate) settings: &'a DatasetUpload,
    pub(crate) account: &'a Account,
    pub(crate) data_type: &'a DataType,
    pub(crate) batch: Option<&'a str>,
    pub(crate) journal: &'a Journal,
}

impl Creator<'_> {
    async fn find(&self) -> Result<Option<Dataset>, Error> {
        find(self.context.transfers.avala(), self.account, self.settings).await
    }

    /// Fails if a dataset has the slug: before the first byte is sent, and again before the dataset is created.
    pub(crate) async fn check_free(&self) -> Result<(), Error> {
        check_free(self.context.transfers.avala(), self.account, self.settings).await
    }

    /// Continues a creation whose outcome is unknown. `None` if the caller allows another request.
    pub(crate) async fn resume(&self, creation: &Creation) -> Result<Option<Dataset>, Error> {
        let Creation::Creating { slug } = creation else { return Ok(None) };
        if slug != self.settings.slug.as_str() {
            return Err(Error::new(
                ErrorKind::Undecided,
                format!("an earlier run requested the dataset with the slug `{slug}`"),
            )
            .about(&self.settings.name)
            .help("run again with that slug"));
        }
        if self.settings.create_again && self.find().await?.is_none() {
            return Ok(None);
        }
        self.resolve().await.map(Some)
    }

    /// Creates the dataset. The request is sent once.
    pub(crate) async fn create(&self) -> Result<Dataset, Error> {
        self.check_free().await?;
        self.journal.append(&Record::Creating { slug: self.settings.slug.to_string() }).await?;
        let payload = self.settings.payload(self.data_type.clone(), self.batch);
        let (avala, journal) = (self.context.transfers.avala().clone(), self.journal.clone());
        let request = async move {
            let result = avala.datasets().create_from_manual_upload(&payload).await;
            match &result {
                Ok(dataset) => journal.append(&Record::Created { uid: dataset.uid.to_string() }).await?,
                Err(error) if is_not_sent(error) => journal.append(&Record::NotCreated).await?,
                Err(_) => {}
            }
            Ok(result)
        };
        let error = match to_the_end(self.journal, Box::pin(request)).await? {
            Ok(dataset) => return Ok(dataset),
            Err(error) => error,
        };
        let is_refused = error.status().is_some_and(|status| status.is_client_error() && status.as_u16() != 408);
        if is_not_sent(&error) {
            return Err(Error::api(error).about(self.settings.slug.as_str()));
        }
        if is_refused {
            // "Already exists" can be the response to a retry of this request, whose first response was lost.
            if let Some(dataset) = self.find().await?.filter(|dataset| self.is_own(dataset)) {
                return self.adopt(dataset).await;
            }
            self.journal.append(&Record::NotCreated).await?;
            return Err(Error::api(error).about(self.settings.slug.as_str()));
        }
        self.context.warn("the response to the creation was lost; the dataset is looked up by its slug");
        self.resolve().await
    }

    /// Determines the outcome of a request. The slug was free before it was sent.
    async fn resolve(&self) -> Result<Dataset, Error> {
        for lookup in 1..=LOOKUPS {
            match self.find().await? {
                Some(dataset) if self.is_own(&dataset) => return self.adopt(dataset).await,
                Some(other) => {
                    let message = format!(
                        "the dataset {} has this slug now, and differs in name, type or owner from the requested one",
                        other.uid
                    );
                    return Err(Error::new(ErrorKind::Undecided, message)
                        .about(self.settings.slug.as_str())
                        .help("check whose dataset it is; to create another one, choose another slug"));
                }
                None if lookup < LOOKUPS => tokio::time::sleep(LOOKUP_INTERVAL).await,
                None => {}
            }
        }
        Err(Error::new(
            ErrorKind::Undecided,
            "the dataset was requested, the response was lost, and it does not exist yet",
        )
        .about(self.settings.slug.as_str())
        .help("check later whether it exists; if not, run again with `create_again`: all files are kept"))
    }

    async fn adopt(&self, dataset: Dataset) -> Result<Dataset, Error> {
        self.journal.append(&Record::Created { uid: dataset.uid.to_string() }).await?;
        Ok(dataset)
    }

    fn is_own(&self, dataset: &Dataset) -> bool {
        dataset.name == self.settings.name
            && dataset.slug == self.settings.slug
            && dataset.data_type.as_ref() == Some(self.data_type)
            && (self.is_owner_an_email() || dataset.owner_name.as_ref().is_none_or(|owner| owner == self.owner()))
    }

    fn owner(&self) -> &OwnerName {
        owner(self.settings, self.account)
    }

    /// Returns whether the owner is an email address. The server returns the name of such an owner, which is not known
    /// here.
    fn is_owner_an_email(&self) -> bool {
        self.settings.owner.as_ref().is_some_and(|owner| owner.as_str().contains('@'))
    }
}

/// Returns whether the server certainly did not act on the request.
fn is_not_sent(error: &avala_client::Error) -> bool {
    error.sent() == Sent::No || error.kind() == ApiErrorKind::RateLimited
}

/// Returns the owner that was chosen, or else the account that the files belong to.
fn owner<'a>(settings: &'a DatasetUpload, account: &'a Account) -> &'a OwnerName {
    settings.owner.as_ref().unwrap_or(&account.owner)
}

/// Looks up the slug; `None` if no dataset has it.
async fn find(avala: &Avala, account: &Account, settings: &DatasetUpload) -> Result<Option<Dataset>, Error> {
    match avala.datasets().get_by_slug(owner(settings, account), &settings.slug).await {
        Ok(dataset) => Ok(Some(dataset)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(Error::api(error).about(settings.slug.as_str())),
    }
}

/// Fails if a dataset has the slug.
pub(crate) async fn check_free(avala: &Avala, account: &Account, settings: &DatasetUpload) -> Result<(), Error> {
    let Some(other) = find(avala, account, settings).await? else { return Ok(()) };
    Err(Error::new(ErrorKind::Conflict, format!("the dataset {} already has this slug", other.uid))
        .about(settings.slug.as_str())
        .help("choose another slug"))
}
