//! Reading and writing: the futures traits, and what is missing beside them.
//!
//! Streams of this crate implement [`AsyncRead`] and [`AsyncWrite`] of the `futures` crate, so
//! everything written against those works with them, and these functions work with any stream.
//!
//! [`copy()`] is Go's `io.Copy`, [`copy_bidirectional`] what a proxy does, [`BufReader`] and
//! [`BufWriter`] Go's `bufio`.

mod buf_stream;
mod copy;

pub use futures::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite,
    AsyncWriteExt, BufReader, BufWriter, Cursor, Empty, LineWriter, ReadHalf, Repeat, Sink,
    WriteHalf, empty, repeat, sink,
};
pub use std::io::{Error, ErrorKind, IoSlice, IoSliceMut, Result, SeekFrom};

pub use buf_stream::BufStream;
pub use copy::{copy, copy_bidirectional};

/// A reading and a writing handle of any stream; each can go to a goroutine of its own. They share
/// a lock, which sockets do not need: theirs is [`TcpStream::into_split`](crate::net::TcpStream).
///
/// # Examples
/// ```
/// use gort::io::{AsyncReadExt, AsyncWriteExt, Cursor};
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let (mut reader, mut writer) = gort::io::split(Cursor::new(vec![0; 8]));
///     writer.write_all(b"data").await?;
///     let mut rest = Vec::new();
///     reader.read_to_end(&mut rest).await?;
///     assert_eq!(rest, [0; 4]);
///     Ok(())
/// })
/// # }
/// ```
pub fn split<S: AsyncRead + AsyncWrite>(stream: S) -> (ReadHalf<S>, WriteHalf<S>) {
    stream.split()
}
