//! Writing one of each resource with this client.

mod datasets;
mod fleet;
mod organizations;
mod projects;
mod settings;

use avala_client::{Avala, Items};

use crate::Failure;
use crate::record::Record;

/// Writes one of each.
pub(crate) async fn all(avala: &Avala) -> Result<Vec<Record>, Failure> {
    Ok(vec![
        datasets::dataset(avala).await?,
        datasets::annotation(avala).await?,
        datasets::annotation_issue(avala).await?,
        datasets::slice(avala).await?,
        projects::export(avala).await?,
        projects::quality_target(avala).await?,
        projects::consensus_config(avala).await?,
        projects::auto_label_job(avala).await?,
        settings::webhook(avala).await?,
        settings::agent(avala).await?,
        settings::storage_config(avala).await?,
        settings::inference_provider(avala).await?,
        organizations::organization(avala).await?,
        organizations::invitation(avala).await?,
        organizations::team(avala).await?,
        organizations::team_member(avala).await?,
        fleet::device(avala).await?,
        fleet::recording(avala).await?,
        fleet::event(avala).await?,
        fleet::rule(avala).await?,
        fleet::alert_channel(avala).await?,
    ])
}

/// Returns the first item of a list of the demo data, as the parent of a new resource.
async fn first<T>(mut items: Items<T>) -> Result<T, Failure> {
    Ok(items.next().await.ok_or("the demo data has none")??)
}
