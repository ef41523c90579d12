//! A file as a stream: reading, writing and seeking at its cursor.
//!
//! A call that ends without a permit makes its goroutine wait (see the module's documentation):
//! after a read at once, with the outcome in [`Unread`]; after a write
//! before the next one, or the flush, begins.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncSeek, AsyncWrite};

use super::file::File;
use super::unread::Unread;
use crate::sched::{goes_on_after_call, in_call};

/// The most that one call reads, so that a slow one is not kept in a copy of any size.
const READ_MAX: usize = 1 << 20;

/// Makes a call again for as long as signals cut it short.
fn uncut(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

impl File {
    /// Moves the cursor back to where the reader is. Not in a pipe, whose bytes stay for the next
    /// read.
    pub(super) fn give_unread_back(&mut self) {
        let ahead = self.unread.len() as i64;
        if ahead == 0 || self.file.seek(SeekFrom::Current(-ahead)).is_ok() {
            self.unread.forget();
        }
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // An empty buffer takes nothing, and must not be told an end that is none.
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if let Some(told) = self.unread.tell(buf) {
            return Poll::Ready(told);
        }
        let most = buf.len().min(READ_MAX);
        let outcome = in_call(|| uncut(|| self.file.read(&mut buf[..most])));
        if goes_on_after_call(cx) {
            return Poll::Ready(outcome);
        }
        self.unread = Unread::keep(outcome, buf);
        Poll::Pending
    }
}

impl AsyncWrite for File {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !goes_on_after_call(cx) {
            return Poll::Pending;
        }
        Poll::Ready(in_call(|| {
            self.give_unread_back();
            uncut(|| self.file.write(buf))
        }))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !goes_on_after_call(cx) {
            return Poll::Pending;
        }
        Poll::Ready(in_call(|| {
            self.give_unread_back();
            uncut(|| self.file.write_vectored(bufs))
        }))
    }

    /// Nothing is buffered here. For what the system buffers see [`File::sync_all`].
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if goes_on_after_call(cx) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    /// The file is closed when it is dropped.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    /// It asks nothing of the disk and is over at once.
    fn poll_seek(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let to = match to {
            // The reader is where the unread bytes begin.
            SeekFrom::Current(by) => SeekFrom::Current(by.saturating_sub(self.unread.len() as i64)),
            to => to,
        };
        let sought = in_call(|| self.file.seek(to));
        if sought.is_ok() {
            self.unread.forget();
        }
        Poll::Ready(sought)
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Unread};
    use futures::executor::block_on;
    use futures::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom};
    use std::io::{Seek, Write};

    /// A file of ten digits, whose reader has asked for two and for three more, and was dropped
    /// before it was told of these.
    fn half_read(name: &str) -> File {
        let path = std::env::temp_dir().join(format!("gort-{}-{name}", std::process::id()));
        let mut options = std::fs::File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(b"0123456789").unwrap();
        file.seek(SeekFrom::Start(5)).unwrap();
        File {
            file,
            unread: Unread::keep(Ok(3), b"234"),
        }
    }

    #[test]
    fn what_is_unread_comes_first() {
        let mut file = half_read("first");
        let mut rest = String::new();
        block_on(file.read_to_string(&mut rest)).unwrap();
        assert_eq!(rest, "23456789");
    }

    #[test]
    fn a_write_goes_to_where_the_reader_is() {
        let mut file = half_read("write");
        block_on(file.write_all(b"ab")).unwrap();
        let mut rest = String::new();
        block_on(file.read_to_string(&mut rest)).unwrap();
        assert_eq!(rest, "456789");
        block_on(file.seek(SeekFrom::Start(0))).unwrap();
        rest.clear();
        block_on(file.read_to_string(&mut rest)).unwrap();
        assert_eq!(rest, "01ab456789");
    }

    #[test]
    fn seeking_counts_from_where_the_reader_is() {
        for (to, at) in [
            (SeekFrom::Current(0), 2),
            (SeekFrom::Current(1), 3),
            (SeekFrom::Start(1), 1),
            (SeekFrom::End(-1), 9),
        ] {
            let mut file = half_read("seek");
            assert_eq!(block_on(file.seek(to)).unwrap(), at);
            let mut next = [0; 1];
            block_on(file.read_exact(&mut next)).unwrap();
            assert_eq!(u64::from(next[0] - b'0'), at);
        }
        let mut file = half_read("before");
        assert!(block_on(file.seek(SeekFrom::Current(-3))).is_err());
        assert!(block_on(file.seek(SeekFrom::Current(i64::MIN))).is_err());
        assert_eq!(file.unread.len(), 3, "a seek that fails changes nothing");
    }

    #[test]
    fn the_standard_librarys_file_is_where_the_reader_is() {
        assert_eq!(half_read("std").into_std().stream_position().unwrap(), 2);
    }

    #[test]
    fn an_empty_buffer_is_told_nothing() {
        let mut file = half_read("empty");
        file.unread = Unread::End;
        assert_eq!(block_on(file.read(&mut [])).unwrap(), 0);
        assert!(matches!(file.unread, Unread::End));
    }
}
