//! Plans downloads without running them.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use crate::download::folder::TargetFolder;
use crate::download::listing::{Listed, Listing};
use crate::download::options::Options;
use crate::download::plan::DownloadPlan;
use crate::download::run::select;
use crate::download::session::{Action, Session, Target, blocking, check_names, local_files, open_target};
use crate::error::Error;
use crate::hash::Digest;
use crate::public::store::{ContentStore, not_in_store};
use crate::transfers::Transfers;
use crate::upload::estimate;

/// Plans a download to files. Reads the target, the store and the state, and changes none of them.
pub(crate) async fn plan(
    transfers: &Transfers,
    listing: Listing,
    target: Target,
    options: Options,
    store: Option<Stored>,
) -> Result<DownloadPlan, Error> {
    let transfers = transfers.clone();
    blocking(move || {
        let Listing { id, objects, calls, calls_per_object, is_anonymous, mut warnings } = listing;
        let objects = select(objects, &options, &target, &mut warnings);
        let (folder, file_name) = open_target(&target, false)?;
        let names = check_names(&objects, file_name.as_ref(), folder.as_ref().map(TargetFolder::path), &options)?;
        let open = || Session::open(transfers.state(), &target, &id, &options, None);
        let session = folder.is_some().then(open).transpose()?;
        let mut plan = DownloadPlan { collisions: names.collisions, warnings, ..DownloadPlan::default() };
        let mut work = Work::new(store)?;
        for (object, path) in objects.iter().zip(names.paths) {
            let action = path.and_then(|path| match &session {
                Some(session) => session.decide(object, &path),
                None => Ok(Action::Fetch),
            });
            let action = match action {
                Ok(Action::Fetch) => work.add(object).map(|()| Action::Fetch),
                other => other,
            };
            match action {
                Ok(Action::Skip) => plan.skipped.push(object.name.clone()),
                Ok(Action::Fetch) => plan.files.push(object.name.clone()),
                Err(error) => plan.rejected.push((object.name.clone(), error.to_string())),
            }
        }
        if let (Some(_), Some(session)) = (options.delete_extra, &session) {
            let listed: BTreeSet<&str> = objects.iter().map(|object| object.name.as_str()).collect();
            let local = local_files(&session.folder, &session.own_folders)?;
            let extra =
                local.into_keys().filter(|path| !listed.contains(path.as_str()) && options.filter.matches(path));
            plan.deleted = extra.collect();
        }
        work.finish(&transfers, &mut plan, calls, (calls_per_object, is_anonymous));
        Ok::<_, Error>(plan)
    })
    .await
}

/// Content store of a download, and whether missing content may be requested.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) folder: PathBuf,
    pub(crate) is_online: bool,
}

/// Needs of the files of a plan.
#[derive(Debug, Default)]
struct Work {
    store: Option<(Option<ContentStore>, bool)>,
    /// Contents that an earlier file of the plan adds to the store.
    stored: HashSet<Digest>,
    requested: u64,
    bytes: u64,
    unknown_sizes: u64,
    /// Pages of the list that are read again.
    pages: BTreeSet<usize>,
}

impl Work {
    fn new(store: Option<Stored>) -> Result<Self, Error> {
        let look =
            |store: Stored| Ok::<_, Error>((ContentStore::look(&store.folder, store.is_online)?, store.is_online));
        Ok(Self { store: store.map(look).transpose()?, ..Self::default() })
    }

    /// Adds a file, which is copied from the store if the store has its content by then.
    fn add(&mut self, object: &Listed) -> Result<(), Error> {
        if let Some((store, is_online)) = &self.store
            && let Some(sha256) = object.sha256
        {
            let is_there = store.as_ref().map_or(Ok(false), |store| store.has(object))?;
            if is_there || self.stored.contains(&sha256) {
                return Ok(());
            }
            if !is_online {
                return Err(not_in_store(&object.name));
            }
            self.stored.insert(sha256);
        }
        self.requested += 1;
        self.bytes = self.bytes.saturating_add(object.size.unwrap_or_default());
        self.unknown_sizes += u64::from(object.size.is_none());
        self.pages.extend(object.read_again);
        Ok(())
    }

    fn finish(
        self,
        transfers: &Transfers,
        plan: &mut DownloadPlan,
        calls: u64,
        (per_object, is_anonymous): (u64, bool),
    ) {
        (plan.bytes, plan.unknown_sizes) = (self.bytes, self.unknown_sizes);
        plan.api_calls = calls + self.pages.len() as u64 + per_object * self.requested;
        plan.calls_time = estimate::for_calls(transfers, plan.api_calls, is_anonymous);
        plan.time = plan.calls_time.max(estimate::for_bytes(transfers, plan.bytes));
    }
}

/// Plans a download that transfers everything.
#[cfg(feature = "object-store")]
pub(crate) fn everything(transfers: &Transfers, listing: Listing, options: &Options) -> Result<DownloadPlan, Error> {
    let mut plan = DownloadPlan { warnings: listing.warnings, ..DownloadPlan::default() };
    let mut work = Work::default();
    for object in listing.objects.iter().filter(|object| options.filter.matches(&object.name)) {
        plan.files.push(object.name.clone());
        work.add(object)?;
    }
    work.finish(transfers, &mut plan, listing.calls, (listing.calls_per_object, listing.is_anonymous));
    Ok(plan)
}
