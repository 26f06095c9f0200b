//! Reads one resource of each kind with this client.

use avala_client::types::{Extra, Json};
use avala_client::{Avala, Items};
use serde_json::Value;

use crate::Failure;
use crate::record::Record;

/// Returns a model as JSON without unknown fields, which would hide a wrong name of a field.
macro_rules! known {
    ($model:expr) => {{
        let mut model = $model;
        model.extra = Extra::default();
        serde_json::to_value(model)?
    }};
}

/// Reads the resource of a record.
pub(crate) async fn read(avala: &Avala, record: &Record) -> Result<Value, Failure> {
    let at: Vec<&str> = record.at.iter().map(String::as_str).collect();
    Ok(match (record.resource.as_str(), at.as_slice()) {
        ("dataset", &[uid]) => known!(avala.datasets().get(uid).await?),
        ("annotation", &[owner, slug, item, uid]) => {
            let item = avala.datasets().get_item(owner, slug, item).await?;
            annotation(item.annotations.as_ref(), uid)?
        }
        ("annotation_issue", &[sequence, uid]) => {
            let issues = avala.annotation_issues().list_by_sequence(sequence).items();
            known!(find(issues, |issue| issue.uid.as_str() == uid).await?)
        }
        ("export", &[uid]) => known!(avala.exports().get(uid).await?),
        ("webhook", &[uid]) => known!(avala.webhooks().get(uid).await?),
        ("agent", &[uid]) => known!(avala.agents().get(uid).await?),
        ("quality_target", &[project, uid]) => known!(avala.quality_targets().get(project, uid).await?),
        ("consensus_config", &[project]) => known!(avala.consensus().get_config(project).await?),
        ("auto_label_job", &[uid]) => known!(avala.auto_label_jobs().get(uid).await?),
        ("slice", &[owner, slug]) => known!(avala.slices().get(owner, slug).await?),
        ("organization", &[slug]) => known!(avala.organizations().get(slug).await?),
        ("invitation", &[organization, uid]) => {
            let invitations = avala.organizations().list_invitations(organization).items();
            known!(find(invitations, |invitation| invitation.uid.as_str() == uid).await?)
        }
        ("team", &[organization, slug]) => known!(avala.organizations().get_team(organization, slug).await?),
        ("team_member", &[organization, team, user]) => {
            let members = avala.organizations().list_team_members(organization, team).items();
            known!(find(members, |member| member.user_uid.as_str() == user).await?)
        }
        ("storage_config", &[uid]) => known!(avala.storage_configs().get(uid).await?),
        ("inference_provider", &[uid]) => known!(avala.inference_providers().get(uid).await?),
        ("device", &[uid]) => known!(avala.fleet().devices().get(uid).await?),
        ("recording", &[uid]) => known!(avala.fleet().recordings().get(uid).await?),
        ("event", &[uid]) => known!(avala.fleet().events().get(uid).await?),
        ("rule", &[uid]) => known!(avala.fleet().rules().get(uid).await?),
        ("alert_channel", &[uid]) => {
            let channels = avala.fleet().alert_channels().list().items();
            known!(find(channels, |channel| channel.uid.as_str() == uid).await?)
        }
        _ => return Err(format!("no call reads it at {at:?}").into()),
    })
}

/// Finds an item in a list, for resources without a call for one item.
async fn find<T>(mut items: Items<T>, is_it: impl Fn(&T) -> bool) -> Result<T, Failure> {
    while let Some(item) = items.next().await {
        let item = item?;
        if is_it(&item) {
            return Ok(item);
        }
    }
    Err("it is not in the list".into())
}

/// Returns an object among the annotations of an item.
fn annotation(annotations: Option<&Json>, uid: &str) -> Result<Value, Failure> {
    let annotations = annotations.ok_or("the item has no annotations")?.to_value()?;
    let objects = annotations.get("objects").and_then(Value::as_array).ok_or("the annotations have no objects")?;
    let object = objects.iter().find(|object| object.get("object_uuid").is_some_and(|found| found == uid));
    Ok(object.ok_or("it is not among the objects")?.clone())
}
