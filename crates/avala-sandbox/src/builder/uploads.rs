//! Settings of uploads and of the storage host.

use std::time::Duration;

use super::SandboxBuilder;
use crate::app::UploadSettings;
use crate::state::storage::Bodies;

/// Minimum and maximum size of a part of an upload in parts.
const PART_SIZES: (u64, u64) = (5 * 1024 * 1024, 128 * 1024 * 1024);

impl Default for UploadSettings {
    fn default() -> Self {
        Self {
            version: 2,
            part_size: PART_SIZES.0,
            signed_parts: 100,
            quota: 1024 * 1024 * 1024 * 1024,
            longest_lifetime: None,
        }
    }
}

impl SandboxBuilder {
    /// Sets how long URLs of the storage host are valid; fractions of a second are dropped. Default: 15 minutes.
    ///
    /// Clients that request a lifetime, such as for uploads of recordings, get at most this one. Grants of managed
    /// uploads and of public objects are never valid for more than five minutes. With zero every URL has expired, so
    /// that a client sees 403. [`Sandbox::advance_clock`](crate::Sandbox::advance_clock) makes URLs expire without
    /// waiting.
    pub fn url_lifetime(mut self, lifetime: Duration) -> Self {
        self.url_lifetime = Some(lifetime);
        self
    }

    /// Sets what the storage host does with the bytes that it receives. Default: [`Bodies::Keep`].
    pub fn storage_bodies(mut self, bodies: Bodies) -> Self {
        self.bodies = bodies;
        self
    }

    /// Sets the newest version of the upload protocol of datasets, 1 or 2. Default: 2.
    ///
    /// With 1, a request for version 2 gets the form of version 1, as in an organization that has only that version.
    pub fn upload_version(mut self, version: u64) -> Self {
        self.uploads.version = version;
        self
    }

    /// Sets the size in bytes of the parts of dataset uploads; larger files are sent in parts of it. Default: 5 MiB.
    ///
    /// Sizes outside 5 MiB to 128 MiB are moved to the nearer of the two. Files of more than 10,000 parts get
    /// larger parts.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.uploads.part_size = bytes.clamp(PART_SIZES.0, PART_SIZES.1);
        self
    }

    /// Sets how many parts of a dataset upload are signed in one call; more are refused with 400. Default: 100.
    pub fn signed_parts_limit(mut self, limit: usize) -> Self {
        self.uploads.signed_parts = limit;
        self
    }

    /// Sets how many bytes each owner can store; an upload beyond it is refused with 413. Default: 1 TiB.
    pub fn storage_quota(mut self, bytes: u64) -> Self {
        self.uploads.quota = bytes;
        self
    }

    /// Moves the clock of the server, for its `Date` headers and the expiry of URLs, by this many seconds: forward, or
    /// back if negative. Default: 0.
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset_ms = seconds.saturating_mul(1000);
        self
    }
}
