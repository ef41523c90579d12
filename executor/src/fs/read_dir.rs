//! What is in a directory.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, FileType, Metadata};
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;

use crate::runtime::syscall;
use crate::sched::{goes_on_after_call, in_call};

/// How many entries are read in one call.
const BATCH: usize = 64;

/// Opens a directory, to read what is in it, in no order; `.` and `..` are left out.
///
/// # Errors
/// Those of [`std::fs::read_dir`].
///
/// # Cancel safety
/// It changes nothing.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let folder = std::env::temp_dir().join(format!("gort-doc-dir-{}", std::process::id()));
///     gort::fs::create_dir(&folder).await?;
///     for name in ["one", "two"] {
///         gort::fs::write(folder.join(name), name).await?;
///     }
///     let mut entries = gort::fs::read_dir(&folder).await?;
///     let mut names = Vec::new();
///     while let Some(entry) = entries.next_entry().await? {
///         assert_eq!(entry.metadata().await?.len(), 3);
///         names.push(entry.file_name());
///     }
///     names.sort();
///     assert_eq!(names, ["one", "two"]);
///     gort::fs::remove_dir_all(folder).await
/// })
/// # }
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    syscall(move || {
        let mut dir = ReadDir {
            entries: Some(fs::read_dir(path)?),
            ready: VecDeque::new(),
        };
        dir.fill();
        Ok(dir)
    })
    .await
}

/// The entries of a directory: a [`Stream`] of [`DirEntry`] or an error.
///
/// Some entries are read at a time. It is not said whether what is created or removed meanwhile is
/// among them.
///
/// # Examples
/// ```
/// use futures::{StreamExt, TryStreamExt};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let entries = gort::fs::read_dir("/").await?;
///     let names: Vec<_> = entries.map_ok(|entry| entry.file_name()).try_collect().await?;
///     assert!(!names.is_empty());
///     Ok(())
/// })
/// # }
/// ```
pub struct ReadDir {
    /// Gone after the last one was read.
    entries: Option<fs::ReadDir>,
    /// Read, and not yet handed out.
    ready: VecDeque<io::Result<DirEntry>>,
}

impl ReadDir {
    /// The next entry, `None` after the last.
    ///
    /// # Errors
    /// Those of the system. The next call goes on with the next entry.
    ///
    /// # Cancel safety
    /// No entry is lost.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_entry(cx)).await.transpose()
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<DirEntry>>> {
        if self.ready.is_empty() && self.entries.is_some() {
            in_call(|| self.fill());
            if !goes_on_after_call(cx) {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.ready.pop_front())
    }

    /// Reads a batch, or all that are left.
    fn fill(&mut self) {
        let Some(entries) = &mut self.entries else {
            return;
        };
        let batch = entries.by_ref().take(BATCH);
        self.ready.extend(batch.map(|entry| entry.map(DirEntry)));
        if self.ready.len() < BATCH {
            self.entries = None;
        }
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_entry(cx)
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir")
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// One entry of a directory; Go's `fs.DirEntry`.
///
/// # Examples
/// As [`read_dir`].
pub struct DirEntry(fs::DirEntry);

impl DirEntry {
    /// The path: that of the directory as it was opened, and the name.
    pub fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// The name without the directory.
    pub fn file_name(&self) -> OsString {
        self.0.file_name()
    }

    /// The number that the file system has for it.
    pub fn ino(&self) -> u64 {
        self.0.ino()
    }

    /// What the system knows of it. A link is not followed.
    ///
    /// # Errors
    /// Those of [`std::fs::DirEntry::metadata`], for instance that it is gone by now.
    ///
    /// # Cancel safety
    /// It changes nothing.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        syscall(|| self.0.metadata()).await
    }

    /// Whether it is a file, a directory, or a link. Most file systems have said so already; the
    /// others are asked.
    ///
    /// # Errors
    /// Those of [`std::fs::DirEntry::file_type`].
    ///
    /// # Cancel safety
    /// It changes nothing.
    pub async fn file_type(&self) -> io::Result<FileType> {
        syscall(|| self.0.file_type()).await
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
