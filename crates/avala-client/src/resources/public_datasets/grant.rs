//! Checks the host of a grant's URL and how long it is valid.

use std::time::{Duration, SystemTime};

use avala_transport::BaseUrl;
use avala_transport::layer::response_date;
use avala_types::{InvalidPublicDataset, PublicObjectGrant, PublicProvider};
use http::{HeaderMap, Uri};

use crate::storage_hosts::is_storage_host;

const LONGEST_LIFETIME: i64 = 300;
const LARGEST_LEAD: Duration = Duration::from_secs(30);
const LONGEST_GRANT: usize = 4096;
const LONGEST_URL: usize = 16_384;

type Checked = Result<(), InvalidPublicDataset>;

fn ensure(holds: bool, field: &'static str, reason: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(InvalidPublicDataset::new(field, reason)) }
}

/// Checks the lifetime by the server's own clock, which signed the URL.
pub(super) fn check_lifetime(grant: &PublicObjectGrant, headers: &HeaderMap) -> Checked {
    let missing = || InvalidPublicDataset::new("expires_at", "cannot be checked: the response has no `Date` header");
    let sent_at = response_date(headers).ok_or_else(missing)?;
    let latest = SystemTime::now().checked_add(LARGEST_LEAD);
    let is_plausible = latest.is_some_and(|latest| sent_at <= latest);
    ensure(is_plausible, "expires_at", "cannot be checked: the server's clock is more than 30 s ahead")?;
    let sent_at = sent_at.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| missing())?.as_secs();
    let lifetime = grant.expires_at.unix_seconds().saturating_sub(i64::try_from(sent_at).unwrap_or(i64::MAX));
    let is_short = (1..=LONGEST_LIFETIME).contains(&lifetime);
    ensure(is_short, "expires_at", "is not within 300 s after the response was sent")
}

/// Checks that the URL is on a host of its provider, and on hosts of Avala also that it is that of the object.
pub(super) fn check_url(grant: &PublicObjectGrant, base_url: Option<&BaseUrl>) -> Checked {
    let text = grant.url.as_str();
    let is_plain = text.len() <= LONGEST_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    ensure(is_plain, "url", "has characters that a URL cannot have, or more than 16,384")?;
    ensure(!text.contains('#') && !text.contains('\\'), "url", "has a fragment or a backslash")?;
    let uri: Uri = text.parse().map_err(|_| InvalidPublicDataset::new("url", "is not a URL"))?;
    let host = uri.host().unwrap_or_default();
    if grant.provider == PublicProvider::AvalaProxy {
        return check_proxy(&uri, base_url);
    }
    let is_bare = uri.scheme_str() == Some("https") && uri.authority().is_some_and(|name| name.as_str() == host);
    ensure(is_bare, "url", "is not https, or has a user name or a port")?;
    match &grant.provider {
        PublicProvider::AvalaEdge => check_edge(grant, &uri, base_url),
        provider => ensure(is_storage_host(provider, host), "url", "is not on a host of its provider"),
    }
}

/// Checks a URL of the API itself. Without a base URL only the path can be checked.
fn check_proxy(uri: &Uri, base_url: Option<&BaseUrl>) -> Checked {
    let same_origin = base_url.is_none_or(|base_url| base_url.same_origin(uri));
    ensure(same_origin, "url", "is not on the host of the API")?;
    let prefix = base_url.map_or("", BaseUrl::path_prefix);
    let path = uri.path().strip_prefix(prefix).unwrap_or_default();
    let is_download = path.strip_prefix("/resolve/download/").is_some_and(|rest| !rest.is_empty() && is_resolved(rest));
    let is_download = is_download || (base_url.is_none() && uri.path().contains("/resolve/download/"));
    ensure(is_download, "url", "is not a download of the API")
}

/// Returns whether no segment is `.` or `..`.
fn is_resolved(path: &str) -> bool {
    path.split('/').all(|segment| !matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

fn check_edge(grant: &PublicObjectGrant, uri: &Uri, base_url: Option<&BaseUrl>) -> Checked {
    let expected = match base_url.map_or("api.avala.ai", BaseUrl::host) {
        "api.avala.ai" | "server.avala.ai" => "data.avala.ai",
        "server.dev.alala.ai" => "data-development.avala.ai",
        _ => return ensure(false, "url", "is on a network that does not belong to the base URL"),
    };
    ensure(uri.host() == Some(expected), "url", "is not on a host of its provider")?;
    let folder = format!(
        "/v1/datasets/{}/{}/{}/objects/{}/",
        grant.dataset_uid, grant.revision_sha256, grant.manifest_sha256, grant.object_uid
    );
    let digest = uri.path().strip_prefix(&folder).unwrap_or_default();
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ensure(is_digest, "url", "is not the URL of the object")?;
    let token = uri.query().and_then(|query| query.strip_prefix("grant=")).unwrap_or_default();
    let is_token = (1..=LONGEST_GRANT).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte));
    ensure(is_token, "url", "does not have the query of a grant")
}
