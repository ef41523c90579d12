//! How a directory is made.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::runtime::syscall;

/// How a directory is made: [`std::fs::DirBuilder`].
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let top = std::env::temp_dir().join(format!("gort-doc-dirs-{}", std::process::id()));
///     let mut only_mine = gort::fs::DirBuilder::new();
///     only_mine.recursive(true).mode(0o700);
///     only_mine.create(top.join("a/b")).await?;
///     gort::fs::remove_dir_all(top).await
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct DirBuilder(std::fs::DirBuilder);

impl DirBuilder {
    /// One directory, which everybody may use as the process's `umask` allows.
    #[expect(clippy::new_without_default, reason = "as the standard library's")]
    pub fn new() -> Self {
        Self(std::fs::DirBuilder::new())
    }

    /// Whether those above it that are missing are made too, and whether it may be there already.
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.0.recursive(recursive);
        self
    }

    /// The permissions, less those of the process's `umask`.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.0.mode(mode);
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    /// Those of [`std::fs::DirBuilder::create`].
    ///
    /// # Cancel safety
    /// Once begun it is done.
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        syscall(move || self.0.create(path)).await
    }
}
