//! Settings of the data in the sandbox, and of lists.

use super::SandboxBuilder;

impl SandboxBuilder {
    /// Makes the files of exports this large, in bytes. They stay JSON, and take no memory. Default: as large as their
    /// content.
    pub fn export_size(mut self, bytes: u64) -> Self {
        self.export_size = Some(bytes);
        self
    }

    /// Sets the size in bytes of the files of demo items, frames and public objects. Default: 4,096.
    pub fn item_size(mut self, bytes: u64) -> Self {
        self.item_size = bytes;
        self
    }

    /// Adds a public dataset of [`OTHER_OWNER`](crate::demo::OTHER_OWNER) with this many objects, to be resolved as
    /// `harbor-vision/SLUG@main`.
    pub fn public_dataset(mut self, slug: impl Into<String>, objects: usize) -> Self {
        self.extras.public_datasets.push((slug.into(), objects));
        self
    }

    /// Adds a public dataset like [`public_dataset`](Self::public_dataset), with this many objects of the role
    /// `episode` and this many files in each episode.
    ///
    /// In every public dataset, a file `NAME.episode` is an episode, and the files in the folder `NAME` belong to it.
    pub fn public_episodes(mut self, slug: impl Into<String>, episodes: usize, files: usize) -> Self {
        self.extras.public_episodes.push((slug.into(), episodes, files));
        self
    }

    /// Adds this many fleet recordings, since no call creates one.
    pub fn recordings(mut self, count: usize) -> Self {
        self.extras.recordings += count;
        self
    }

    /// Limits pages of agent executions to this many, for any `limit` of a client. Default: 1,000.
    pub fn execution_page_limit(mut self, limit: usize) -> Self {
        self.execution_page_limit = limit.max(1);
        self
    }

    /// Sets executions to `running` once a list of pending ones has shown them. Default: they stay `pending`.
    ///
    /// The behavior of the real server is unknown.
    pub fn start_listed_executions(mut self, start: bool) -> Self {
        self.start_listed_executions = start;
        self
    }
}
