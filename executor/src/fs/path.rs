//! What can be done with a path: the functions of `std::fs`, one call each.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use crate::runtime::syscall;

/// What the system knows of the file at `path`, through links; Go's `os.Stat`.
///
/// # Errors
/// Those of [`std::fs::metadata`].
///
/// # Cancel safety
/// It changes nothing.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let program = std::env::current_exe()?;
///     assert!(gort::fs::metadata(program).await?.len() > 0);
///     let error = gort::fs::metadata("/no/such/file").await.unwrap_err();
///     assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
///     Ok(())
/// })
/// # }
/// ```
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    syscall(move || fs::metadata(path)).await
}

/// What the system knows of the file or the link at `path`; Go's `os.Lstat`.
///
/// # Errors
/// Those of [`std::fs::symlink_metadata`].
///
/// # Cancel safety
/// It changes nothing.
///
/// # Examples
/// As [`symlink`].
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    syscall(move || fs::symlink_metadata(path)).await
}

/// Whether there is a file at `path`; a link counts if there is one at its end.
///
/// # Errors
/// Where the system does not say, for instance because a directory on the way may not be searched.
///
/// # Cancel safety
/// It changes nothing.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     assert!(gort::fs::exists(std::env::current_exe()?).await?);
///     assert!(!gort::fs::exists("/no/such/file").await?);
///     Ok(())
/// })
/// # }
/// ```
pub async fn exists(path: impl AsRef<Path>) -> io::Result<bool> {
    syscall(move || fs::exists(path)).await
}

/// As [`exists`], by the name that [`Path::try_exists`] has.
///
/// # Errors
/// As there.
///
/// # Cancel safety
/// As there.
///
/// # Examples
/// As there.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    exists(path).await
}

/// The path from the root, without links and dots; Go's `filepath.EvalSymlinks`.
///
/// # Errors
/// Those of [`std::fs::canonicalize`]: every part of the path must exist.
///
/// # Cancel safety
/// It changes nothing.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     assert!(gort::fs::canonicalize(".").await?.is_absolute());
///     Ok(())
/// })
/// # }
/// ```
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    syscall(move || fs::canonicalize(path)).await
}

/// Renames a file or a directory; what was called `to` is replaced.
///
/// # Errors
/// Those of [`std::fs::rename`]; [`io::ErrorKind::CrossesDevices`] if `to` is on another file
/// system.
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let old = std::env::temp_dir().join(format!("gort-doc-rename-{}", std::process::id()));
///     let new = old.with_extension("new");
///     gort::fs::write(&old, "data").await?;
///     gort::fs::rename(&old, &new).await?;
///     assert!(!gort::fs::exists(&old).await?);
///     gort::fs::remove_file(new).await
/// })
/// # }
/// ```
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || fs::rename(from, to)).await
}

/// Removes a file. Who has it open may go on.
///
/// # Errors
/// Those of [`std::fs::remove_file`].
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// As [`rename`].
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || fs::remove_file(path)).await
}

/// Makes a directory; Go's `os.Mkdir`. [`DirBuilder`](super::DirBuilder) takes permissions too.
///
/// # Errors
/// Those of [`std::fs::create_dir`]; [`io::ErrorKind::AlreadyExists`] if something is there.
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let folder = std::env::temp_dir().join(format!("gort-doc-mkdir-{}", std::process::id()));
///     gort::fs::create_dir(&folder).await?;
///     gort::fs::create_dir_all(folder.join("a/b/c")).await?;
///     let error = gort::fs::remove_dir(&folder).await.unwrap_err();
///     assert_eq!(error.kind(), std::io::ErrorKind::DirectoryNotEmpty);
///     gort::fs::remove_dir_all(folder).await
/// })
/// # }
/// ```
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || fs::create_dir(path)).await
}

/// Makes a directory, and those above it that are missing; Go's `os.MkdirAll`.
///
/// # Errors
/// Those of [`std::fs::create_dir_all`]. That the directory is there already is none.
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// As [`create_dir`].
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || fs::create_dir_all(path)).await
}

/// Removes a directory, which must be empty.
///
/// # Errors
/// Those of [`std::fs::remove_dir`].
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// As [`create_dir`].
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || fs::remove_dir(path)).await
}

/// Removes a directory and all that is in it, but not what links in it point to; Go's
/// `os.RemoveAll`.
///
/// # Errors
/// Those of [`std::fs::remove_dir_all`]. What was removed by then is gone.
///
/// # Cancel safety
/// Once begun it goes on to its end.
///
/// # Examples
/// As [`create_dir`].
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || fs::remove_dir_all(path)).await
}

/// Gives the file at `original` one more name; Go's `os.Link`.
///
/// # Errors
/// Those of [`std::fs::hard_link`].
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// As [`symlink`].
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || fs::hard_link(original, link)).await
}

/// Makes a link that stands for the path `original`, which need not exist; Go's `os.Symlink`.
///
/// # Errors
/// Those of [`std::os::unix::fs::symlink`].
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// ```
/// use gort::fs;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let folder = std::env::temp_dir().join(format!("gort-doc-link-{}", std::process::id()));
///     let (file, link) = (folder.join("file"), folder.join("link"));
///     fs::create_dir(&folder).await?;
///     fs::write(&file, "data").await?;
///     fs::symlink(&file, &link).await?;
///     fs::hard_link(&file, folder.join("second name")).await?;
///     assert_eq!(fs::read_link(&link).await?, file);
///     assert!(fs::symlink_metadata(&link).await?.is_symlink());
///     assert!(fs::metadata(&link).await?.is_file());
///     fs::remove_dir_all(folder).await
/// })
/// # }
/// ```
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    syscall(move || std::os::unix::fs::symlink(original, link)).await
}

/// What a link stands for.
///
/// # Errors
/// Those of [`std::fs::read_link`].
///
/// # Cancel safety
/// It changes nothing.
///
/// # Examples
/// As [`symlink`].
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    syscall(move || fs::read_link(path)).await
}

/// Changes who may do what with the file at `path`; Go's `os.Chmod`.
///
/// # Errors
/// Those of [`std::fs::set_permissions`].
///
/// # Cancel safety
/// Once begun it is done.
///
/// # Examples
/// ```
/// use std::os::unix::fs::PermissionsExt;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let path = std::env::temp_dir().join(format!("gort-doc-chmod-{}", std::process::id()));
///     gort::fs::write(&path, "mine").await?;
///     let only_mine = gort::fs::Permissions::from_mode(0o600);
///     gort::fs::set_permissions(&path, only_mine).await?;
///     assert_eq!(gort::fs::metadata(&path).await?.permissions().mode() & 0o777, 0o600);
///     gort::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    syscall(move || fs::set_permissions(path, permissions)).await
}
