//! Compares a source with a folder.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::compare::{CompareBy, Comparison, Difference, Facts, difference};
use crate::download::context::Context;
use crate::download::listing::{Listed, Listing};
use crate::download::options::Options;
use crate::download::request::{Attempts, open};
use crate::download::response::Meaning;
use crate::download::run::{context, select};
use crate::download::session::{Session, Target, blocking, digest_of, local_files};
use crate::download::sink::{DigestOnly, stream};
use crate::error::{Error, ErrorKind};
use crate::run::RunContext;

/// Compares all objects of a listing with the files of a folder.
pub(crate) async fn verify(
    run: &RunContext,
    listing: Listing,
    target: Target,
    options: Options,
) -> Result<Comparison, Error> {
    let (Target::Folder(path) | Target::File(path)) = &target;
    let is_file = matches!(target, Target::File(_));
    if is_file && !path.is_file() {
        return Err(Error::new(ErrorKind::Target, "it is not a file").about_path(path).help("check the path"));
    }
    if !is_file && !path.is_dir() {
        return Err(Error::new(ErrorKind::Target, "it is not a folder").about_path(path).help("check the path"));
    }
    let Listing { id, objects, mut warnings, .. } = listing;
    let objects = select(objects, &options, &target, &mut warnings);
    let (state, opening) = (run.transfers.state().clone(), options.clone());
    let session = blocking(move || Session::open(&state, &target, &id, &opening, None).map(Arc::new)).await?;
    let listed: BTreeSet<String> = objects.iter().map(|object| object.name.clone()).collect();
    let at = Arc::clone(&session);
    let mut result = Comparison::default();
    if !is_file {
        let local = blocking(move || local_files(&at.folder, &at.own_folders)).await?;
        let is_extra = |path: &String| !listed.contains(path) && options.filter.matches(path);
        result.extra = local.into_keys().filter(is_extra).collect();
    }

    let context = context(run, &options);
    let mut waiting = objects.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < options.files.max(1) {
            let Some(object) = waiting.next() else { break };
            let (session, context, compare) = (Arc::clone(&session), Arc::clone(&context), options.compare);
            running.spawn(async move {
                let outcome = Box::pin(one(&session, &context, &object, compare)).await;
                (object.name, outcome)
            });
        }
        let Some(joined) = running.join_next().await else { break };
        let (name, outcome) = joined.map_err(|_| Error::aborted())?;
        match outcome? {
            Outcome::Missing => result.missing.push(name),
            Outcome::Same => result.same.push(name),
            Outcome::SameSize => result.same_size.push(name),
            Outcome::Different(difference) => result.different.push((name, difference)),
        }
    }
    result.missing.sort();
    result.same.sort();
    result.same_size.sort();
    result.different.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(result)
}

enum Outcome {
    Missing,
    Same,
    SameSize,
    Different(Difference),
}

async fn one(
    session: &Arc<Session>,
    context: &Arc<Context>,
    object: &Listed,
    compare: CompareBy,
) -> Result<Outcome, Error> {
    let unreadable = |error: &dyn std::fmt::Display| Outcome::Different(Difference::Unreadable(error.to_string()));
    let path = match session.path_of(object) {
        Ok(path) => path,
        Err(reason) => return Ok(unreadable(&reason)),
    };
    let (at, of, has_hash) = (Arc::clone(session), object.clone(), object.sha256.is_some());
    let local = blocking(move || {
        let Some(place) = at.folder.place(&path, false)? else { return Ok(None) };
        let Some(existing) = place.existing()? else { return Ok(None) };
        let done = at.done(path.as_str());
        let is_untouched = done.is_some_and(|done| done.is_untouched(existing) && done.version == of.version);
        if is_untouched && compare == CompareBy::SizeAndTime {
            return Ok(Some((true, Facts { size: Some(existing.size), sha256: None })));
        }
        let is_other_size = of.size.is_some_and(|size| size != existing.size);
        let needs_hash = (has_hash || compare == CompareBy::Hash) && !is_other_size;
        let sha256 = needs_hash.then(|| digest_of(&place)).transpose()?;
        Ok::<_, Error>(Some((false, Facts { size: Some(existing.size), sha256 })))
    });
    let local = match local.await {
        Ok(Some((true, _))) => return Ok(Outcome::Same),
        Ok(Some((false, facts))) => facts,
        Ok(None) => return Ok(Outcome::Missing),
        Err(error) if error.kind() == ErrorKind::Target => return Ok(unreadable(&error)),
        Err(error) => return Err(error),
    };
    let mut remote = Facts { size: object.size, sha256: object.sha256 };
    if remote.sha256.is_none() && compare == CompareBy::Hash {
        let mut digest = DigestOnly::new();
        remote.size = Some(stream(context, &object.remote(), &mut digest).await?);
        remote.sha256 = digest.finish();
    } else if remote.size.is_none() {
        remote.size = size_of(context, object).await?;
    }
    Ok(match difference(&remote, &local) {
        None => Outcome::Same,
        Some(Difference::Unknown) if remote.size.is_some() && remote.size == local.size => Outcome::SameSize,
        Some(difference) => Outcome::Different(difference),
    })
}

/// Requests one byte of an object to learn its size.
async fn size_of(context: &Arc<Context>, object: &Listed) -> Result<Option<u64>, Error> {
    let state = (&mut Attempts::default(), context.claim_up_to(1).await?);
    let opened = open(context, &object.remote(), Some(&(0..1)), None, state).await?;
    Ok(match opened.meaning {
        Meaning::Part { version, .. } => Some(version.total),
        Meaning::Whole { length, .. } => length,
        Meaning::Empty => Some(0),
        _ => None,
    })
}
