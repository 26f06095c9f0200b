//! Opens files of a source, and detects those that changed.

use std::fs::{File, OpenOptions};
use std::io;
use std::time::SystemTime;

use crate::error::{Error, ErrorKind};
use crate::hash::{Digest, Hasher};
use crate::source::stamp::Stamp;
use crate::source::walk::{SourceFile, identity};

/// Size of a read while hashing, in bytes.
const BLOCK: usize = 256 * 1024;

/// An open file of a source.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    pub(crate) stamp: Stamp,
    /// Whether a later write could leave the stamp unchanged.
    is_racy: bool,
}

impl OpenFile {
    /// Opens a file, and checks that it is unchanged since it was found. Blocking.
    pub(crate) fn open(source: &SourceFile) -> Result<Self, Error> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => changed(source, "it disappeared"),
            _ => Error::io(ErrorKind::Source, "open it", &source.local, error),
        };
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Not blocking, because opening a pipe that replaced the file would wait for a writer.
            let no_follow = if source.follow_links { 0 } else { libc::O_NOFOLLOW };
            options.custom_flags(libc::O_NONBLOCK | no_follow);
        }
        let file = match options.open(&source.local) {
            Ok(file) => file,
            #[cfg(unix)]
            Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err(changed(source, "it became a link")),
            Err(error) => return Err(failed(error)),
        };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() || identity(&metadata) != source.identity {
            return Err(changed(source, "it was replaced by another file"));
        }
        let stamp = Stamp::of(&metadata);
        if stamp.size != source.stamp.size {
            return Err(size_changed(source, stamp.size));
        }
        Ok(Self { file, stamp, is_racy: stamp.is_racy(SystemTime::now()) })
    }

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end of the file. Blocking.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = buffer.get_mut(filled..).unwrap_or_default();
            match read_once(&self.file, rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Reads like [`read_at`](Self::read_at); `None` if the file was touched since it was opened, because these bytes
    /// may not match bytes that were read before. Blocking.
    pub(crate) fn read_untouched(&self, buffer: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        let count = self.read_at(buffer, offset)?;
        Ok((Stamp::of(&self.file.metadata()?) == self.stamp).then_some(count))
    }

    /// Returns whether the content is certainly unchanged since the file was opened. Blocking.
    pub(crate) fn is_unchanged(&self) -> io::Result<bool> {
        Ok(!self.is_racy && Stamp::of(&self.file.metadata()?) == self.stamp)
    }

    /// Returns the current size of the file. Blocking.
    pub(crate) fn current_size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Hashes `length` bytes at `offset`. Blocking. `None` if the file is shorter.
    pub(crate) fn hash(&self, offset: u64, length: u64) -> io::Result<Option<Digest>> {
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; BLOCK];
        let mut done = 0;
        while done < length {
            let wanted = usize::try_from((length - done).min(BLOCK as u64)).unwrap_or(BLOCK);
            let block = buffer.get_mut(..wanted).unwrap_or_default();
            if self.read_at(block, offset + done)? < wanted {
                return Ok(None);
            }
            hasher.update(block);
            done += wanted as u64;
        }
        Ok(Some(hasher.finish()))
    }
}

#[cfg(unix)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_once(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// Creates the error of a file that changed during the run.
pub(crate) fn changed(source: &SourceFile, what: &str) -> Error {
    Error::new(ErrorKind::SourceChanged, what)
        .about(&source.path)
        .help("run the same transfer again when the file no longer changes")
}

pub(crate) fn size_changed(source: &SourceFile, size: u64) -> Error {
    changed(source, &format!("its size changed from {} to {size} bytes", source.stamp.size))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::walk::{WalkOptions, files};

    fn one(content: &[u8]) -> (tempfile::TempDir, SourceFile) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), content).unwrap();
        let file = files(&[folder.path().to_owned()], &WalkOptions::default()).unwrap().remove(0);
        (folder, file)
    }

    #[test]
    fn ranges_are_hashed_and_short_files_detected() {
        let (_folder, source) = one(b"hello world");
        let file = OpenFile::open(&source).unwrap();
        assert_eq!(file.hash(0, 5).unwrap(), Some(Digest::of(b"hello")));
        assert_eq!(file.hash(6, 5).unwrap(), Some(Digest::of(b"world")));
        assert_eq!(file.hash(6, 6).unwrap(), None);
    }

    #[test]
    fn file_that_is_not_the_one_found_is_not_opened() {
        let (folder, source) = one(b"hello");
        let path = folder.path().join("a");
        fs::write(&path, b"hello!").unwrap();
        let error = OpenFile::open(&source).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::SourceChanged, Some("a")));
        let copy = folder.path().join("b");
        fs::write(&copy, b"hello").unwrap();
        fs::rename(&copy, &path).unwrap();
        assert_eq!(OpenFile::open(&source).unwrap_err().kind(), ErrorKind::SourceChanged);
        fs::remove_file(&path).unwrap();
        assert!(OpenFile::open(&source).unwrap_err().to_string().contains("disappeared"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/null", &path).unwrap();
            assert!(OpenFile::open(&source).unwrap_err().to_string().contains("became a link"));
        }
    }

    #[test]
    fn overwritten_file_with_old_times_is_detected() {
        let (folder, source) = one(b"hello");
        std::thread::sleep(std::time::Duration::from_millis(60));
        let file = OpenFile::open(&source).unwrap();
        assert!(file.is_unchanged().unwrap());
        let times = fs::metadata(folder.path().join("a")).unwrap().modified().unwrap();
        let writer = OpenOptions::new().write(true).open(folder.path().join("a")).unwrap();
        io::Write::write_all(&mut &writer, b"J").unwrap();
        writer.set_modified(times).unwrap();
        if cfg!(unix) {
            assert!(!file.is_unchanged().unwrap());
        }
    }
}
