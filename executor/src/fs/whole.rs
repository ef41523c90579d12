//! Whole files, each in one call.

use std::io;
use std::path::Path;

use crate::runtime::syscall;

/// Reads a whole file; Go's `os.ReadFile`.
///
/// # Errors
/// Those of [`std::fs::read`].
///
/// # Cancel safety
/// Nothing but the bytes is lost.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let path = std::env::temp_dir().join(format!("gort-doc-read-{}", std::process::id()));
///     gort::fs::write(&path, b"data").await?;
///     assert_eq!(gort::fs::read(&path).await?, b"data");
///     gort::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    syscall(move || std::fs::read(path)).await
}

/// Reads a whole file of text.
///
/// # Errors
/// Those of [`std::fs::read_to_string`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
///
/// # Cancel safety
/// Nothing but the text is lost.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let path = std::env::temp_dir().join(format!("gort-doc-text-{}", std::process::id()));
///     gort::fs::write(&path, "text").await?;
///     assert_eq!(gort::fs::read_to_string(&path).await?, "text");
///     gort::fs::remove_file(path).await
/// })
/// # }
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    syscall(move || std::fs::read_to_string(path)).await
}

/// Writes a whole file, which is created, or emptied before; Go's `os.WriteFile`.
///
/// # Errors
/// Those of [`std::fs::write`]. What was written by then stays.
///
/// # Cancel safety
/// Once begun the file is written to its end.
///
/// # Examples
/// As [`read`].
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    syscall(move || std::fs::write(path, contents)).await
}

/// Copies the contents and the permissions of one file to another, which is created, or emptied
/// before. Tells how many bytes that were.
///
/// # Errors
/// Those of [`std::fs::copy`].
///
/// # Cancel safety
/// Once begun the file is copied to its end.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let from = std::env::temp_dir().join(format!("gort-doc-copy-{}", std::process::id()));
///     let to = from.with_extension("copy");
///     gort::fs::write(&from, "data").await?;
///     assert_eq!(gort::fs::copy(&from, &to).await?, 4);
///     assert_eq!(gort::fs::read(&to).await?, b"data");
///     gort::fs::remove_file(from).await?;
///     gort::fs::remove_file(to).await
/// })
/// # }
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    syscall(move || std::fs::copy(from, to)).await
}
