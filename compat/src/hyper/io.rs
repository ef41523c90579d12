//! hyper's I/O traits for whatever has those of `futures`, and the way back.
//!
//! The two families differ in one thing that matters: hyper reads into memory that need not be
//! initialised, `futures` into a `&mut [u8]`, which must be. So before each read some of hyper's
//! memory is zeroed, and how much is decided here: [`ReadAhead`] asks for as much as the last reads
//! filled. A server of small requests zeroes 1 KiB for each, a large body is read in pieces as big
//! as hyper offers, and the bytes always land where hyper wants them, without a copy.
//!
//! Not chosen: zeroing all that hyper offers (8 KiB at first and up to 400 KiB, for a request of
//! 100 bytes); a scratch buffer, which costs a copy of every byte.

use std::any::TypeId;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};
use gort::net::{TcpStream, UnixStream};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use pin_project::pin_project;

/// Carries I/O between hyper and `futures`, in either direction.
///
/// Around a type with `futures::io::{AsyncRead, AsyncWrite}` it has hyper's `Read` and `Write`:
/// this is how a [`gort::net::TcpStream`] becomes a connection of hyper. Around a type with hyper's
/// traits, such as an upgraded connection, it has those of `futures`.
///
/// # Examples
///
/// ```
/// use gort_compat::hyper::GortIo;
///
/// let io = GortIo::new(futures::io::Cursor::new(vec![0; 16]));
/// assert_eq!(io.inner().get_ref().len(), 16);
/// assert_eq!(io.into_inner().into_inner().len(), 16);
/// ```
#[pin_project]
#[derive(Debug)]
pub struct GortIo<T> {
    #[pin]
    io: T,
    /// How much the next read asks for. Only `Read::poll_read` uses it.
    ahead: ReadAhead,
    /// Whether a vectored write of `io` is one operation. Set at the start.
    gathers: bool,
}

impl<T> GortIo<T> {
    /// Wraps `io`.
    ///
    /// Vectored writes are announced to hyper for the streams of [`gort::net`], which send several
    /// slices in one system call. For any other type hyper joins the slices itself, unless it is
    /// wrapped by [`gathering`](Self::gathering).
    pub fn new(io: T) -> Self
    where
        T: 'static,
    {
        let of_gort = [TypeId::of::<TcpStream>(), TypeId::of::<UnixStream>()];
        Self {
            io,
            ahead: ReadAhead::new(),
            gathers: of_gort.contains(&TypeId::of::<T>()),
        }
    }

    /// Wraps an `io` whose vectored write takes all slices in one operation.
    pub fn gathering(io: T) -> Self {
        Self {
            io,
            ahead: ReadAhead::new(),
            gathers: true,
        }
    }

    /// The wrapped value.
    pub fn inner(&self) -> &T {
        &self.io
    }

    /// The wrapped value, mutably.
    pub fn inner_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Gives the wrapped value back. Nothing is lost: this type buffers nothing.
    pub fn into_inner(self) -> T {
        self.io
    }
}

/// How much one read asks for: what must be zeroed first, and so should not be far too much.
///
/// Invariant: a power of two times [`ReadAhead::MIN`].
#[derive(Debug)]
struct ReadAhead {
    bytes: usize,
}

impl ReadAhead {
    /// Holds the request of most clients, and takes little time to zero beside the system call.
    const MIN: usize = 1024;
    /// hyper offers less than this.
    const MAX: usize = 1024 * 1024;

    const fn new() -> Self {
        Self { bytes: Self::MIN }
    }

    /// Learns from a read that was offered `room` bytes and filled `n` of them.
    fn learn(&mut self, room: usize, n: usize) {
        if n == self.bytes && self.bytes < Self::MAX {
            self.bytes *= 2;
        } else if n < room && n < self.bytes / 4 && self.bytes > Self::MIN {
            self.bytes /= 2;
        }
    }
}

impl<T: AsyncRead> Read for GortIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let room = buf.initialize_unfilled_to(buf.remaining().min(this.ahead.bytes));
        let len = room.len();
        let n = ready!(this.io.poll_read(cx, room))?;
        assert!(n <= len, "a reader filled {n} bytes of {len}");
        this.ahead.learn(len, n);
        // SAFETY: `initialize_unfilled_to` has initialised the next `len` bytes, and `n <= len`.
        unsafe { buf.advance(n) };
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> Write for GortIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.gathers
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write_vectored(cx, bufs)
    }
}

impl<T: Read> AsyncRead for GortIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.project().io.poll_read(cx, buf.unfilled()))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<T: Write> AsyncWrite for GortIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::mem::MaybeUninit;

    use tokio_test::{assert_pending, assert_ready_ok, task};

    use super::*;

    /// Fills `gives` bytes of whatever room it gets, and tells how much that was.
    struct Source {
        gives: Cell<usize>,
        room: Cell<usize>,
    }

    impl AsyncRead for &Source {
        fn poll_read(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.room.set(buf.len());
            let n = self.gives.get().min(buf.len());
            if n == 0 {
                return Poll::Pending;
            }
            buf[..n].fill(7);
            Poll::Ready(Ok(n))
        }
    }

    /// Reads once into `memory` and returns what was filled.
    fn read(io: &mut GortIo<&Source>, memory: &mut [MaybeUninit<u8>]) -> Poll<io::Result<Vec<u8>>> {
        let mut buf = ReadBuf::uninit(memory);
        let mut spawned = task::spawn(());
        let polled = spawned.enter(|cx, _| Pin::new(io).poll_read(cx, buf.unfilled()));
        polled.map_ok(|()| buf.filled().to_vec())
    }

    fn room_after(reads: usize, gives: usize, io: &mut GortIo<&Source>, source: &Source) -> usize {
        let mut memory = vec![MaybeUninit::uninit(); 64 * 1024];
        source.gives.set(gives);
        for _ in 0..reads {
            let filled = assert_ready_ok!(read(io, &mut memory));
            assert!(!filled.is_empty() && filled.iter().all(|byte| *byte == 7));
        }
        source.room.get()
    }

    #[test]
    fn read_into_uninitialised_memory_yields_exactly_what_came() {
        let source = Source {
            gives: Cell::new(3),
            room: Cell::new(0),
        };
        let mut io = GortIo::gathering(&source);
        let mut memory = [MaybeUninit::uninit(); 16];
        assert_eq!(assert_ready_ok!(read(&mut io, &mut memory)), [7, 7, 7]);
        assert_eq!(source.room.get(), 16, "never more than the caller offers");
    }

    #[test]
    fn pending_read_leaves_the_buffer_empty() {
        let source = Source {
            gives: Cell::new(0),
            room: Cell::new(0),
        };
        let mut io = GortIo::gathering(&source);
        let mut memory = [MaybeUninit::uninit(); 16];
        assert_pending!(read(&mut io, &mut memory));
    }

    #[test]
    fn room_doubles_while_reads_fill_it_and_halves_while_they_do_not() {
        let source = Source {
            gives: Cell::new(0),
            room: Cell::new(0),
        };
        let mut io = GortIo::gathering(&source);
        assert_eq!(room_after(1, 100, &mut io, &source), ReadAhead::MIN);
        assert_eq!(
            room_after(4, usize::MAX, &mut io, &source),
            8 * ReadAhead::MIN
        );
        assert_eq!(room_after(2, 100, &mut io, &source), 8 * ReadAhead::MIN);
        assert_eq!(room_after(9, 100, &mut io, &source), ReadAhead::MIN);
    }

    #[test]
    fn small_offer_filled_whole_does_not_shrink_the_next() {
        let source = Source {
            gives: Cell::new(0),
            room: Cell::new(0),
        };
        let mut io = GortIo::gathering(&source);
        room_after(4, usize::MAX, &mut io, &source);
        let ahead = io.ahead.bytes;
        source.gives.set(usize::MAX);
        assert_ready_ok!(read(&mut io, &mut [MaybeUninit::uninit(); 8]));
        assert_eq!(io.ahead.bytes, ahead);
    }

    #[test]
    #[should_panic(expected = "a reader filled")]
    fn reader_that_claims_more_than_it_was_offered_is_caught() {
        struct Liar;
        impl AsyncRead for Liar {
            fn poll_read(
                self: Pin<&mut Self>,
                _cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(Ok(buf.len() + 1))
            }
        }
        let mut io = GortIo::new(Liar);
        let mut memory = [MaybeUninit::uninit(); 8];
        let mut buf = ReadBuf::uninit(&mut memory);
        let _ = task::spawn(()).enter(|cx, _| Pin::new(&mut io).poll_read(cx, buf.unfilled()));
    }

    #[test]
    fn only_streams_that_gather_announce_vectored_writes() {
        let plain = GortIo::new(futures::io::Cursor::new(vec![0; 4]));
        assert!(!Write::is_write_vectored(&plain));
        assert!(Write::is_write_vectored(&GortIo::gathering(
            plain.into_inner()
        )));
    }

    #[test]
    fn hyper_io_reads_and_writes_as_futures_io() {
        let mut spawned = task::spawn(());
        // Twice around is hyper's side seen from `futures` again.
        let mut io = GortIo::new(GortIo::new(futures::io::Cursor::new(b"abc".to_vec())));
        let mut buf = [0; 2];
        let read = spawned.enter(|cx, _| AsyncRead::poll_read(Pin::new(&mut io), cx, &mut buf));
        assert_eq!((assert_ready_ok!(read), &buf), (2, b"ab"));
        let written = spawned.enter(|cx, _| AsyncWrite::poll_write(Pin::new(&mut io), cx, b"xyz"));
        assert_eq!(assert_ready_ok!(written), 3);
        assert_eq!(io.into_inner().into_inner().into_inner(), b"abxyz");
    }
}
