//! What a read has got and nobody has heard of yet.

use std::io;

/// The outcome of a read whose goroutine had to wait for a permit before it could be told.
#[derive(Debug)]
pub(super) enum Unread {
    Nothing,
    /// These bytes, from this one on, which the cursor is behind.
    Bytes(Vec<u8>, usize),
    End,
    Failed(io::Error),
}

impl Unread {
    /// Keeps what a read into `buf` gave.
    pub(super) fn keep(outcome: io::Result<usize>, buf: &[u8]) -> Self {
        match outcome {
            Ok(0) => Self::End,
            Ok(n) => Self::Bytes(buf[..n].to_vec(), 0),
            Err(error) => Self::Failed(error),
        }
    }

    /// Tells it, or as much of it as `buf` takes.
    pub(super) fn tell(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => None,
            Self::End => Some(Ok(0)),
            Self::Failed(error) => Some(Err(error)),
            Self::Bytes(bytes, from) => {
                let rest = &bytes[from..];
                let n = rest.len().min(buf.len());
                buf[..n].copy_from_slice(&rest[..n]);
                if n < rest.len() {
                    *self = Self::Bytes(bytes, from + n);
                }
                Some(Ok(n))
            }
        }
    }

    /// How many bytes the cursor is ahead of the reader.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes, from) => bytes.len() - from,
            _ => 0,
        }
    }

    pub(super) fn forget(&mut self) {
        *self = Self::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::Unread;
    use std::io;

    #[test]
    fn bytes_are_told_in_pieces_and_once() {
        let mut unread = Unread::keep(Ok(5), b"hello, world");
        let mut buf = [0; 3];
        assert_eq!(unread.len(), 5);
        assert_eq!(unread.tell(&mut buf).unwrap().unwrap(), 3);
        assert_eq!((&buf, unread.len()), (b"hel", 2));
        assert_eq!(unread.tell(&mut buf).unwrap().unwrap(), 2);
        assert_eq!(&buf[..2], b"lo");
        assert!(unread.tell(&mut buf).is_none());
    }

    #[test]
    fn the_end_and_an_error_are_told_once() {
        let mut end = Unread::keep(Ok(0), b"x");
        assert_eq!(end.tell(&mut [0]).unwrap().unwrap(), 0);
        assert!(end.tell(&mut [0]).is_none());
        let mut failed = Unread::keep(Err(io::ErrorKind::IsADirectory.into()), b"");
        let error = failed.tell(&mut [0]).unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert!(failed.tell(&mut [0]).is_none());
    }
}
