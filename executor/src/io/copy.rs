//! From one stream to another, until the end.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};

/// As large as the buffer of Go's `io.Copy`.
const BUFFER: usize = 32 * 1024;

/// Copies everything that `reader` gives to `writer`, flushes it, and returns how many bytes that
/// were. Whenever the reader pauses the writer is flushed, so that nothing waits in a buffer.
///
/// # Errors
/// Those of the two streams; a writer that takes nothing is
/// [`WriteZero`](io::ErrorKind::WriteZero).
///
/// # Cancel safety
/// What was read and not yet written is lost.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// let mut copied = Vec::new();
/// let bytes = gort::block_on(gort::io::copy(&mut &b"hello"[..], &mut copied))?;
/// assert_eq!((bytes, copied.as_slice()), (5, b"hello".as_slice()));
/// # Ok(())
/// # }
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut transfer = Transfer::new();
    poll_fn(|cx| transfer.poll(cx, Pin::new(&mut *reader), Pin::new(&mut *writer))).await
}

/// Copies both ways at once, as a proxy does. When one side ends, writing to the other is closed;
/// when both have ended, returns the bytes that went from `a` to `b` and from `b` to `a`.
///
/// # Errors
/// The first error of either side, which ends both ways.
///
/// # Cancel safety
/// What was read and not yet written is lost.
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let (mut there, mut back) = (OneWay::new(), OneWay::new());
    poll_fn(|cx| {
        let there = there.poll(cx, Pin::new(&mut *a), Pin::new(&mut *b))?;
        let back = back.poll(cx, Pin::new(&mut *b), Pin::new(&mut *a))?;
        match (there, back) {
            (Poll::Ready(there), Poll::Ready(back)) => Poll::Ready(Ok((there, back))),
            _ => Poll::Pending,
        }
    })
    .await
}

/// Copies until the end of the reader.
struct Transfer {
    buffer: Box<[u8]>,
    /// What of the buffer is read and not written.
    filled: std::ops::Range<usize>,
    bytes: u64,
    is_at_end: bool,
    needs_flush: bool,
}

impl Transfer {
    fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER].into_boxed_slice(),
            filled: 0..0,
            bytes: 0,
            is_at_end: false,
            needs_flush: false,
        }
    }

    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        loop {
            if self.filled.is_empty() && !self.is_at_end {
                match reader.as_mut().poll_read(cx, &mut self.buffer)? {
                    Poll::Ready(0) => self.is_at_end = true,
                    Poll::Ready(bytes) => self.filled = 0..bytes,
                    Poll::Pending => {
                        ready!(self.poll_flush(cx, writer))?;
                        return Poll::Pending;
                    }
                }
            }
            while !self.filled.is_empty() {
                let left = &self.buffer[self.filled.clone()];
                let bytes = ready!(writer.as_mut().poll_write(cx, left))?;
                if bytes == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.filled.start += bytes;
                self.bytes += bytes as u64;
                self.needs_flush = true;
            }
            if self.is_at_end {
                ready!(self.poll_flush(cx, writer))?;
                return Poll::Ready(Ok(self.bytes));
            }
        }
    }

    fn poll_flush<W>(&mut self, cx: &mut Context<'_>, writer: Pin<&mut W>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + ?Sized,
    {
        if self.needs_flush {
            ready!(writer.poll_flush(cx))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// One way of two: after the end it closes the writer.
enum OneWay {
    Copying(Transfer),
    Closing(u64),
    Done(u64),
}

impl OneWay {
    fn new() -> Self {
        Self::Copying(Transfer::new())
    }

    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> io::Result<Poll<u64>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        loop {
            match self {
                Self::Copying(transfer) => {
                    match transfer.poll(cx, reader.as_mut(), writer.as_mut())? {
                        Poll::Ready(bytes) => *self = Self::Closing(bytes),
                        Poll::Pending => return Ok(Poll::Pending),
                    }
                }
                Self::Closing(bytes) => match writer.as_mut().poll_close(cx)? {
                    Poll::Ready(()) => *self = Self::Done(*bytes),
                    Poll::Pending => return Ok(Poll::Pending),
                },
                Self::Done(bytes) => return Ok(Poll::Ready(*bytes)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures::io::{AsyncRead, AsyncWrite, BufWriter};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};

    use super::{copy, copy_bidirectional};

    /// A stream that gives what it was told to; `None` is a pause, after which it wakes at once.
    #[derive(Default)]
    struct Script {
        gives: VecDeque<Option<&'static [u8]>>,
        took: Vec<u8>,
        takes_nothing: bool,
        is_closed: bool,
    }

    impl Script {
        fn giving(gives: impl IntoIterator<Item = Option<&'static [u8]>>) -> Self {
            Self {
                gives: gives.into_iter().collect(),
                ..Self::default()
            }
        }
    }

    impl AsyncRead for Script {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            match self.gives.pop_front() {
                Some(Some(bytes)) => {
                    buf[..bytes.len()].copy_from_slice(bytes);
                    Poll::Ready(Ok(bytes.len()))
                }
                Some(None) => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(Ok(0)),
            }
        }
    }

    impl AsyncWrite for Script {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            let bytes = if self.takes_nothing { 0 } else { buf.len() };
            self.took.extend_from_slice(&buf[..bytes]);
            Poll::Ready(Ok(bytes))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.is_closed = true;
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_pause_of_the_reader_flushes_the_writer() {
        let mut reader = Script::giving([Some(b"ab".as_slice()), None, Some(b"c")]);
        let mut writer = BufWriter::new(Script::default());
        {
            let mut copying = spawn(copy(&mut reader, &mut writer));
            assert_pending!(copying.poll());
        }
        assert_eq!(writer.get_ref().took, b"ab");
        let mut copying = spawn(copy(&mut reader, &mut writer));
        assert_eq!(assert_ready_ok!(copying.poll()), 1);
        drop(copying);
        assert_eq!(writer.get_ref().took, b"abc");
    }

    #[test]
    fn a_writer_that_takes_nothing_is_an_error() {
        let mut reader = Script::giving([Some(b"ab".as_slice())]);
        let mut writer = Script {
            takes_nothing: true,
            ..Script::default()
        };
        let mut copying = spawn(copy(&mut reader, &mut writer));
        let error = assert_ready_err!(copying.poll());
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }

    #[test]
    fn each_way_closes_its_writer_and_both_end_before_it_returns() {
        let mut a = Script::giving([Some(b"abc".as_slice())]);
        let mut b = Script::giving([Some(b"x".as_slice()), None, Some(b"y")]);
        let mut copying = spawn(copy_bidirectional(&mut a, &mut b));
        assert_pending!(copying.poll());
        assert!(copying.is_woken());
        assert_eq!(assert_ready_ok!(copying.poll()), (3, 2));
        drop(copying);
        assert_eq!(
            (a.took.as_slice(), b.took.as_slice()),
            (b"xy".as_slice(), b"abc".as_slice())
        );
        assert!(a.is_closed && b.is_closed);
    }
}
