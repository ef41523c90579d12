//! How a file is opened.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::file::File;
use crate::runtime::syscall;

/// How a file is opened: [`std::fs::OpenOptions`], which it also can be made from; Go's flags of
/// `os.OpenFile`.
///
/// # Examples
/// ```
/// use gort::fs::OpenOptions;
/// use gort::io::AsyncWriteExt;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let path = std::env::temp_dir().join(format!("gort-doc-open-{}", std::process::id()));
///     for line in ["one\n", "two\n"] {
///         let mut log = OpenOptions::new().append(true).create(true).open(&path).await?;
///         log.write_all(line.as_bytes()).await?;
///     }
///     assert_eq!(gort::fs::read_to_string(&path).await?, "one\ntwo\n");
///     gort::fs::remove_file(path).await
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

impl OpenOptions {
    /// Nothing is allowed, nothing is created.
    #[expect(clippy::new_without_default, reason = "as the standard library's")]
    pub fn new() -> Self {
        Self(std::fs::OpenOptions::new())
    }

    /// Whether the file may be read.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.0.read(read);
        self
    }

    /// Whether the file may be written.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.0.write(write);
        self
    }

    /// Whether each write goes to the end of the file, wherever that is by then.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.0.append(append);
        self
    }

    /// Whether the file is emptied.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.0.truncate(truncate);
        self
    }

    /// Whether the file is created if it is not there.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.0.create(create);
        self
    }

    /// Whether the file must not have been there.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.0.create_new(create_new);
        self
    }

    /// The permissions of a file that is created, less those of the process's `umask`.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.0.mode(mode);
        self
    }

    /// More flags for the system's `open`.
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.0.custom_flags(flags);
        self
    }

    /// Opens the file at `path`. Opening a pipe waits, and keeps a thread waiting, until somebody
    /// opens its other end.
    ///
    /// # Errors
    /// Those of [`std::fs::OpenOptions::open`].
    ///
    /// # Cancel safety
    /// A file that was opened is closed, but one that was created or emptied stays so.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        syscall(move || self.0.open(path)).await.map(File::from_std)
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> Self {
        Self(options)
    }
}
