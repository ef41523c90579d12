//! One stream, two handles: one reads, one writes.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncWrite};

use sealed::Split;

pub(super) mod sealed {
    /// A stream that can be split.
    pub trait Split {
        /// Ends writing.
        fn end_writing(&self);
    }
}

/// The reading handle of a borrowed stream. It dereferences to the stream.
#[derive(Debug)]
pub struct ReadHalf<'a, S>(&'a S);

/// The writing handle of a borrowed stream. It dereferences to the stream.
#[derive(Debug)]
pub struct WriteHalf<'a, S>(&'a S);

/// The reading handle of a stream that two handles own. It dereferences to the stream.
#[derive(Debug)]
pub struct OwnedReadHalf<S>(Arc<S>);

/// The writing handle of a stream that two handles own. It dereferences to the stream.
///
/// Dropping it ends writing, so that the peer reads to its end.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Split> {
    stream: Arc<S>,
    ends_writing: bool,
}

/// The two handles are not of one stream; here they are again.
pub struct ReuniteError<S: Split>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

pub(super) fn split<S>(stream: &S) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(super) fn into_split<S: Split>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    (
        OwnedReadHalf(Arc::clone(&stream)),
        OwnedWriteHalf {
            stream,
            ends_writing: true,
        },
    )
}

impl<S: Split> OwnedReadHalf<S> {
    /// Makes the stream whole again.
    ///
    /// # Errors
    /// The handles are of two streams.
    pub fn reunite(self, write: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.0, &write.stream) {
            return Err(ReuniteError(self, write));
        }
        write.forget();
        Ok(Arc::into_inner(self.0).expect("the two handles were the only ones"))
    }
}

impl<S: Split> OwnedWriteHalf<S> {
    /// Makes the stream whole again.
    ///
    /// # Errors
    /// The handles are of two streams.
    pub fn reunite(self, read: OwnedReadHalf<S>) -> Result<S, ReuniteError<S>> {
        read.reunite(self)
    }

    /// Drops the handle without ending writing.
    pub fn forget(mut self) {
        self.ends_writing = false;
    }
}

impl<S: Split> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.ends_writing {
            self.stream.end_writing();
        }
    }
}

impl<S: Split> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReuniteError").finish_non_exhaustive()
    }
}

impl<S: Split> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves belong to different streams")
    }
}

impl<S: Split> std::error::Error for ReuniteError<S> {}

/// Hands each call on to the shared stream.
macro_rules! half {
    ([$($generics:tt)*] $half:ty, $this:ident => $stream:expr) => {
        impl<$($generics)*> Deref for $half {
            type Target = S;

            fn deref(&self) -> &S {
                let $this = self;
                $stream
            }
        }
    };
    (read [$($generics:tt)*] $half:ty) => {
        impl<$($generics)*> AsyncRead for $half
        where
            for<'s> &'s S: AsyncRead,
        {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &**self).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &**self).poll_read_vectored(cx, bufs)
            }
        }
    };
    (write [$($generics:tt)*] $half:ty) => {
        impl<$($generics)*> AsyncWrite for $half
        where
            for<'s> &'s S: AsyncWrite,
        {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &**self).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &**self).poll_write_vectored(cx, bufs)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut &**self).poll_flush(cx)
            }

            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut &**self).poll_close(cx)
            }
        }
    };
}

half!(['a, S] ReadHalf<'a, S>, half => half.0);
half!(['a, S] WriteHalf<'a, S>, half => half.0);
half!([S] OwnedReadHalf<S>, half => &half.0);
half!([S: Split] OwnedWriteHalf<S>, half => &half.stream);
half!(read ['a, S] ReadHalf<'a, S>);
half!(read [S] OwnedReadHalf<S>);
half!(write ['a, S] WriteHalf<'a, S>);
half!(write [S: Split] OwnedWriteHalf<S>);
