//! Plans downloads without running them.

use std::collections::BTreeSet;

use crate::download::folder::TargetFolder;
use crate::download::listing::Listing;
use crate::download::options::Options;
use crate::download::plan::{DownloadPlan, time_of_calls};
use crate::download::run::select;
use crate::download::session::{Action, Session, Target, blocking, check_names, local_files, open_target};
use crate::error::Error;
use crate::transfers::Transfers;

/// Plans a download to files. Reads the target and the state, and changes neither.
pub(crate) async fn plan(
    transfers: &Transfers,
    listing: Listing,
    target: Target,
    options: Options,
) -> Result<DownloadPlan, Error> {
    let state = transfers.state().clone();
    blocking(move || {
        let Listing { id, objects, calls, calls_per_object, is_anonymous, mut warnings } = listing;
        let objects = select(objects, &options, &target, &mut warnings);
        let (folder, file_name) = open_target(&target, false)?;
        let names = check_names(&objects, file_name.as_ref(), folder.as_ref().map(TargetFolder::path), &options)?;
        let session = folder.is_some().then(|| Session::open(&state, &target, &id, &options, true)).transpose()?;
        let mut read_again = BTreeSet::new();
        let mut plan = DownloadPlan { collisions: names.collisions, warnings, ..DownloadPlan::default() };
        for (object, path) in objects.iter().zip(names.paths) {
            let action = path.and_then(|path| match &session {
                Some(session) => session.decide(object, &path),
                None => Ok(Action::Fetch),
            });
            match action {
                Ok(Action::Skip) => plan.skipped.push(object.name.clone()),
                Ok(Action::Fetch) => {
                    plan.files.push(object.name.clone());
                    plan.bytes += object.size.unwrap_or_default();
                    plan.unknown_sizes += u64::from(object.size.is_none());
                    read_again.extend(object.read_again);
                }
                Err(error) => plan.rejected.push((object.name.clone(), error.to_string())),
            }
        }
        if let (Some(_), Some(folder)) = (options.delete_extra, &folder) {
            let listed: BTreeSet<&str> = objects.iter().map(|object| object.name.as_str()).collect();
            let local = local_files(folder)?;
            let extra =
                local.into_keys().filter(|path| !listed.contains(path.as_str()) && options.filter.matches(path));
            plan.deleted = extra.collect();
        }
        count(&mut plan, calls + read_again.len() as u64, calls_per_object, is_anonymous);
        Ok::<_, Error>(plan)
    })
    .await
}

/// Plans a download that transfers everything.
#[cfg(feature = "object-store")]
pub(crate) fn everything(listing: Listing, options: &Options) -> DownloadPlan {
    let mut plan = DownloadPlan { warnings: listing.warnings, ..DownloadPlan::default() };
    let mut read_again = BTreeSet::new();
    for object in listing.objects.iter().filter(|object| options.filter.matches(&object.name)) {
        plan.files.push(object.name.clone());
        plan.bytes += object.size.unwrap_or_default();
        plan.unknown_sizes += u64::from(object.size.is_none());
        read_again.extend(object.read_again);
    }
    count(&mut plan, listing.calls + read_again.len() as u64, listing.calls_per_object, listing.is_anonymous);
    plan
}

fn count(plan: &mut DownloadPlan, calls: u64, calls_per_object: u64, is_anonymous: bool) {
    plan.api_calls = calls + calls_per_object * plan.files.len() as u64;
    plan.calls_time = time_of_calls(plan.api_calls, is_anonymous);
}
