//! This process's ends of the pipes to a child.
//!
//! They are in non-blocking mode, which the child's ends are not: a pipe has two open files.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncWrite};

use crate::net::AsyncFd;

/// The writing end of a child's standard input.
///
/// Closing it, by [`close`](futures::io::AsyncWriteExt::close) or by dropping it, is how the child
/// sees the end of its input. Writing to a child that has closed its end is
/// [`io::ErrorKind::BrokenPipe`].
///
/// # Examples
/// As [`Child`](super::Child).
#[derive(Debug)]
pub struct ChildStdin {
    /// Gone after the close.
    pipe: Option<AsyncFd<std::process::ChildStdin>>,
}

impl ChildStdin {
    pub(super) fn new(pipe: std::process::ChildStdin) -> io::Result<Self> {
        let pipe = AsyncFd::new(pipe)?;
        Ok(Self { pipe: Some(pipe) })
    }

    /// The standard library's end of the pipe, in blocking mode, for instance for another child's
    /// output.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] if it was closed; those of the system.
    ///
    /// # Examples
    /// As [`ChildStdout::into_std`].
    pub fn into_std(self) -> io::Result<std::process::ChildStdin> {
        let pipe = self.pipe.ok_or(io::ErrorKind::BrokenPipe)?;
        blocking(pipe)
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &self.pipe {
            Some(pipe) => pipe.poll_write_with(cx, |pipe| Ok(rustix::io::write(pipe, buf)?)),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe = None;
        Poll::Ready(Ok(()))
    }
}

/// A reading end.
macro_rules! reading_end {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            pipe: AsyncFd<std::process::$name>,
        }

        impl $name {
            pub(super) fn new(pipe: std::process::$name) -> io::Result<Self> {
                let pipe = AsyncFd::new(pipe)?;
                Ok(Self { pipe })
            }

            /// The standard library's end of the pipe, in blocking mode, for instance for another
            /// child's input.
            ///
            /// # Errors
            /// Those of the system.
            ///
            /// # Examples
            /// ```
            /// use gort::process::{Command, Stdio};
            ///
            /// # fn main() -> std::io::Result<()> {
            /// gort::block_on(async {
            ///     let mut echo = Command::new("echo");
            ///     let mut echo = echo.arg("one two").stdout(Stdio::piped()).spawn()?;
            ///     let words = echo.stdout.take().unwrap().into_std()?;
            ///     let count = Command::new("wc").arg("-w").stdin(words).output().await?;
            ///     assert_eq!(count.stdout.trim_ascii(), b"2");
            ///     assert!(echo.wait().await?.success());
            ///     Ok(())
            /// })
            /// # }
            /// ```
            pub fn into_std(self) -> io::Result<std::process::$name> {
                blocking(self.pipe)
            }
        }

        impl AsyncRead for $name {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.pipe
                    .poll_read_with(cx, |pipe| Ok(rustix::io::read(pipe, &mut *buf)?))
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.pipe.as_fd()
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.pipe.as_raw_fd()
            }
        }
    };
}

reading_end! {
    /// The reading end of a child's standard output.
    ///
    /// # Examples
    /// As [`Child`](super::Child).
    ChildStdout
}

reading_end! {
    /// The reading end of a child's standard error.
    ///
    /// # Examples
    /// As [`Child`](super::Child), which has the same for the standard output.
    ChildStderr
}

/// The end without the netpoller.
fn blocking<T: AsFd>(pipe: AsyncFd<T>) -> io::Result<T> {
    let pipe = pipe.into_inner();
    rustix::io::ioctl_fionbio(&pipe, false)?;
    Ok(pipe)
}
