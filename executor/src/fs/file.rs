//! An open file.

use std::fmt;
use std::fs::{FileTimes, Metadata, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use super::open_options::OpenOptions;
use super::unread::Unread;
use crate::runtime::syscall;

/// An open file; Go's `os.File`.
///
/// It reads, writes and seeks at its cursor through the futures traits
/// [`AsyncRead`](futures::io::AsyncRead), [`AsyncWrite`](futures::io::AsyncWrite) and
/// [`AsyncSeek`](futures::io::AsyncSeek). [`read_at`](Self::read_at) and
/// [`write_at`](Self::write_at) use no cursor, so any number of goroutines can share a file.
/// Nothing is buffered: [`BufReader`](crate::io::BufReader) and [`BufWriter`](crate::io::BufWriter)
/// do that. Dropping it closes the file.
///
/// # Cancel safety
/// What a read had got when its future was dropped comes with the next read, and counts as unread
/// for writing and seeking. A write is made as a whole in the poll that tells how much was written,
/// so one that was dropped before has written nothing.
///
/// # Examples
/// ```
/// use gort::fs::File;
/// use gort::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let path = std::env::temp_dir().join(format!("gort-doc-file-{}", std::process::id()));
///     let mut file = File::options().read(true).write(true).create_new(true).open(&path).await?;
///     file.write_all(b"hello, gopher").await?;
///     file.seek(SeekFrom::Start(7)).await?;
///     let mut who = String::new();
///     file.read_to_string(&mut who).await?;
///     assert_eq!(who, "gopher");
///     gort::fs::remove_file(path).await
/// })
/// # }
/// ```
pub struct File {
    pub(super) file: std::fs::File,
    pub(super) unread: Unread,
}

impl File {
    /// Opens a file for reading; Go's `os.Open`.
    ///
    /// # Errors
    /// Those of [`std::fs::File::open`].
    ///
    /// # Cancel safety
    /// A file that was opened is closed.
    ///
    /// # Examples
    /// As [`File::read_at`].
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        syscall(move || std::fs::File::open(path))
            .await
            .map(Self::from_std)
    }

    /// Opens a file for writing, which is created, or emptied; Go's `os.Create`.
    ///
    /// # Errors
    /// Those of [`std::fs::File::create`].
    ///
    /// # Cancel safety
    /// A file that was opened is closed, but it is there and empty.
    ///
    /// # Examples
    /// As [`File::set_len`].
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        syscall(move || std::fs::File::create(path))
            .await
            .map(Self::from_std)
    }

    /// Creates a file, for reading and writing, where there was none.
    ///
    /// # Errors
    /// Those of [`std::fs::File::create_new`]; [`io::ErrorKind::AlreadyExists`] if something is
    /// there.
    ///
    /// # Cancel safety
    /// A file that was opened is closed, but it is there.
    ///
    /// # Examples
    /// As [`File::write_at`].
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        syscall(move || std::fs::File::create_new(path))
            .await
            .map(Self::from_std)
    }

    /// Opens a file in another way.
    ///
    /// # Examples
    /// As [`File`].
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// The file of the standard library, which is in no way changed.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let opened = std::fs::File::open(std::env::current_exe()?)?;
    /// let file = gort::fs::File::from_std(opened);
    /// assert!(gort::block_on(file.metadata())?.is_file());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(file: std::fs::File) -> Self {
        Self {
            file,
            unread: Unread::Nothing,
        }
    }

    /// The file as one of the standard library, its cursor where the reader is. If a read was
    /// dropped before it told what it had got from a pipe, that is lost.
    ///
    /// # Examples
    /// ```
    /// use std::io::Read;
    /// # fn main() -> std::io::Result<()> {
    /// let file = gort::block_on(gort::fs::File::open(std::env::current_exe()?))?;
    /// file.into_std().read_exact(&mut [0; 4])
    /// # }
    /// ```
    pub fn into_std(mut self) -> std::fs::File {
        self.give_unread_back();
        self.file
    }

    /// One more handle to the same open file, with the same cursor. It does not wait.
    ///
    /// # Errors
    /// Those of [`std::fs::File::try_clone`].
    ///
    /// # Examples
    /// ```
    /// use gort::io::AsyncReadExt;
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let mut one = gort::fs::File::open(std::env::current_exe()?).await?;
    ///     let mut two = one.try_clone()?;
    ///     let (mut first, mut second) = ([0; 2], [0; 2]);
    ///     one.read_exact(&mut first).await?;
    ///     two.read_exact(&mut second).await?;
    ///     let mut whole = [0; 4];
    ///     one.read_exact_at(&mut whole, 0).await?;
    ///     assert_eq!([first, second].concat(), whole);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_clone(&self) -> io::Result<Self> {
        self.file.try_clone().map(Self::from_std)
    }

    /// What the system knows of the file.
    ///
    /// # Errors
    /// Those of [`std::fs::File::metadata`].
    ///
    /// # Cancel safety
    /// It changes nothing.
    ///
    /// # Examples
    /// As [`File::set_len`].
    pub async fn metadata(&self) -> io::Result<Metadata> {
        syscall(|| self.file.metadata()).await
    }

    /// Cuts the file, or extends it by zeros; Go's `Truncate`.
    ///
    /// # Errors
    /// Those of [`std::fs::File::set_len`].
    ///
    /// # Cancel safety
    /// Once begun it is done.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let path = std::env::temp_dir().join(format!("gort-doc-len-{}", std::process::id()));
    ///     let file = gort::fs::File::create(&path).await?;
    ///     file.set_len(4096).await?;
    ///     file.sync_all().await?;
    ///     assert_eq!(file.metadata().await?.len(), 4096);
    ///     gort::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        syscall(|| self.file.set_len(size)).await
    }

    /// Waits until everything is on the disk, the metadata too; Go's `Sync`.
    ///
    /// # Errors
    /// Those of [`std::fs::File::sync_all`]. Writes that failed since may be told only here.
    ///
    /// # Cancel safety
    /// Once begun it is done, but an error is lost.
    ///
    /// # Examples
    /// As [`File::set_len`].
    pub async fn sync_all(&self) -> io::Result<()> {
        syscall(|| self.file.sync_all()).await
    }

    /// Waits until the contents are on the disk.
    ///
    /// # Errors
    /// As [`File::sync_all`].
    ///
    /// # Cancel safety
    /// As [`File::sync_all`].
    ///
    /// # Examples
    /// As [`File::write_at`].
    pub async fn sync_data(&self) -> io::Result<()> {
        syscall(|| self.file.sync_data()).await
    }

    /// Changes who may do what with the file; Go's `Chmod`.
    ///
    /// # Errors
    /// Those of [`std::fs::File::set_permissions`].
    ///
    /// # Cancel safety
    /// Once begun it is done.
    ///
    /// # Examples
    /// As [`set_permissions`](super::set_permissions), which asks for a path.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        syscall(move || self.file.set_permissions(permissions)).await
    }

    /// Changes when the file was last used and written.
    ///
    /// # Errors
    /// Those of [`std::fs::File::set_times`].
    ///
    /// # Cancel safety
    /// Once begun it is done.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let path = std::env::temp_dir().join(format!("gort-doc-times-{}", std::process::id()));
    ///     let file = gort::fs::File::create(&path).await?;
    ///     let early = UNIX_EPOCH + Duration::from_secs(1);
    ///     file.set_times(gort::fs::FileTimes::new().set_modified(early)).await?;
    ///     assert_eq!(file.metadata().await?.modified()?, early);
    ///     gort::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn set_times(&self, times: FileTimes) -> io::Result<()> {
        syscall(|| self.file.set_times(times)).await
    }

    /// Reads from `offset` on, whatever the cursor is, and tells how much; 0 at the end. Go's
    /// `ReadAt`, but like `pread` it may give less than there is.
    ///
    /// # Errors
    /// Those of the system; a pipe has no offsets.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let file = gort::fs::File::open(std::env::current_exe()?).await?;
    ///     let mut bytes = [0; 4096];
    ///     assert_eq!(file.read_at(&mut bytes, 0).await?, 4096);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        syscall(|| read_at(&self.file, buf, offset)).await
    }

    /// Fills `buf` from `offset` on, whatever the cursor is.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the file ends before; those of the system. What `buf`
    /// holds then is not said.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Examples
    /// As [`File::write_at`].
    pub async fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        syscall(|| std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, offset)).await
    }

    /// Writes at `offset`, whatever the cursor is, and tells how much; Go's `WriteAt`, but like
    /// `pwrite` it may write less. What lies between the end of the file and `offset` reads as
    /// zeros.
    ///
    /// # Errors
    /// Those of the system; a pipe has no offsets.
    ///
    /// # Cancel safety
    /// Once begun it is written, but nobody knows how much of it.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// gort::block_on(async {
    ///     let path = std::env::temp_dir().join(format!("gort-doc-at-{}", std::process::id()));
    ///     let file = gort::fs::File::create_new(&path).await?;
    ///     file.write_all_at(b"gopher", 7).await?;
    ///     assert_eq!(file.write_at(b"hello, ", 0).await?, 7);
    ///     file.sync_data().await?;
    ///     let mut bytes = [0; 13];
    ///     file.read_exact_at(&mut bytes, 0).await?;
    ///     assert_eq!(&bytes, b"hello, gopher");
    ///     gort::fs::remove_file(path).await
    /// })
    /// # }
    /// ```
    pub async fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        syscall(|| write_at(&self.file, buf, offset)).await
    }

    /// Writes all of `buf` at `offset`, whatever the cursor is.
    ///
    /// # Errors
    /// Those of the system. What was written by then stays.
    ///
    /// # Cancel safety
    /// Once begun it is written to its end.
    ///
    /// # Examples
    /// As [`File::write_at`].
    pub async fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        syscall(|| std::os::unix::fs::FileExt::write_all_at(&self.file, buf, offset)).await
    }
}

/// Reads. Not through the standard library: the C library's calls are thread cancellation points,
/// which costs two more atomic operations each on Linux.
#[inline]
fn read_at(file: &std::fs::File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let read = rustix::io::retry_on_intr(|| rustix::io::pread(file, &mut *buf, offset))?;
    Ok(read)
}

/// Writes, as [`read_at`] reads.
#[inline]
fn write_at(file: &std::fs::File, buf: &[u8], offset: u64) -> io::Result<usize> {
    let written = rustix::io::retry_on_intr(|| rustix::io::pwrite(file, buf, offset))?;
    Ok(written)
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> Self {
        Self::from_std(file)
    }
}

impl From<OwnedFd> for File {
    fn from(fd: OwnedFd) -> Self {
        Self::from_std(fd.into())
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DirBuilder, DirEntry, File, OpenOptions, ReadDir};

    /// Shared by goroutines, and moved between them.
    #[test]
    fn what_is_open_is_send_and_sync() {
        fn check<T: Send + Sync + Unpin>() {}
        check::<File>();
        check::<OpenOptions>();
        check::<DirBuilder>();
        check::<ReadDir>();
        check::<DirEntry>();
    }
}
