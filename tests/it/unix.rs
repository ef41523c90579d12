//! Unix sockets.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{UnixDatagram, UnixListener, UnixStream};
use gort_tests::with_procs;

const PROCS: &[usize] = &[1, 2, 8];

/// A path that is removed in the end.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Ordering: any number that nobody else has.
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("gort-{}-{n}.sock", std::process::id())))
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn streams_echo_through_a_listener() {
    with_procs(PROCS, |rt| {
        let path = SocketPath::new();
        rt.block_on(async {
            let listener = UnixListener::bind(&path.0)?;
            assert_eq!(listener.local_addr()?.as_pathname(), Some(path.0.as_path()));
            let server = gort::spawn(async move {
                let (mut stream, peer) = listener.accept().await?;
                assert!(peer.is_unnamed());
                let mut word = [0; 4];
                for _ in 0..1000 {
                    stream.read_exact(&mut word).await?;
                    stream.write_all(&word).await?;
                }
                io::Result::Ok(())
            });
            let mut client = UnixStream::connect(&path.0).await?;
            assert_eq!(client.peer_addr()?.as_pathname(), Some(path.0.as_path()));
            for round in 0..1000_u32 {
                client.write_all(&round.to_be_bytes()).await?;
                let mut word = [0; 4];
                client.read_exact(&mut word).await?;
                assert_eq!(u32::from_be_bytes(word), round);
            }
            server.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn both_directions_of_a_pair_carry_much_at_once() {
    const BYTES: usize = 4 << 20;
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = UnixStream::pair()?;
            let far = gort::spawn(async move {
                let (mut read, mut write) = far.split();
                let sent = vec![1; BYTES];
                let mut buf = vec![0; BYTES];
                let (wrote, got) = join(write.write_all(&sent), read.read_exact(&mut buf)).await;
                wrote.and(got)
            });
            let (mut read, mut write) = near.into_split();
            let sent = vec![2; BYTES];
            let mut buf = vec![0; BYTES];
            let (wrote, got) = join(write.write_all(&sent), read.read_exact(&mut buf)).await;
            wrote?;
            got?;
            assert!(buf.iter().all(|byte| *byte == 1));
            let near = read.reunite(write).unwrap();
            assert!(near.take_error()?.is_none());
            far.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn deadlines_hold() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut near, _far) = UnixStream::pair()?;
            near.set_deadline(Some(Instant::now() + Duration::from_millis(5)));
            let error = near.read(&mut [0]).await.unwrap_err();
            assert_eq!((error.kind(), error.to_string()), timed_out());
            let error = near.write(&[0]).await.unwrap_err();
            assert_eq!((error.kind(), error.to_string()), timed_out());
            near.set_write_deadline(None);
            assert_eq!(near.write(&[0]).await?, 1);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

fn timed_out() -> (ErrorKind, String) {
    (ErrorKind::TimedOut, String::from("i/o timeout"))
}

#[test]
fn close_wakes_reader_and_acceptor() {
    with_procs(PROCS, |rt| {
        let path = SocketPath::new();
        rt.block_on(async {
            let (near, mut far) = UnixStream::pair()?;
            let near = Arc::new(near);
            let listener = Arc::new(UnixListener::bind(&path.0)?);
            let reader = gort::spawn({
                let near = Arc::clone(&near);
                async move { (&*near).read(&mut [0]).await.unwrap_err() }
            });
            let acceptor = gort::spawn({
                let listener = Arc::clone(&listener);
                async move { listener.accept().await.unwrap_err() }
            });
            gort::time::sleep(Duration::from_millis(2)).await;
            near.disconnect();
            listener.close();
            for error in [reader.await.unwrap(), acceptor.await.unwrap()] {
                assert_eq!(error.to_string(), "use of closed network connection");
            }
            assert_eq!(far.read(&mut [0]).await?, 0);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_missing_path_is_an_error() {
    with_procs(PROCS, |rt| {
        let path = SocketPath::new();
        rt.block_on(async {
            let error = UnixStream::connect(&path.0).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_peer_of_a_pair_is_this_process() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, _far) = UnixStream::pair()?;
            assert_eq!(near.peer_cred()?.pid as u32, std::process::id());
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_work() {
    use std::os::linux::net::SocketAddrExt;
    with_procs(PROCS, |rt| {
        let path = SocketPath::new();
        rt.block_on(async {
            let name = path.0.as_os_str().as_encoded_bytes();
            let addr = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            let listener = UnixListener::bind_addr(&addr)?;
            let (client, server) =
                join(UnixStream::connect_abstract(name), listener.accept()).await;
            client?;
            server?;
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_sender_waits_for_room_in_the_peers_queue() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = UnixDatagram::pair()?;
            let sender = gort::spawn(async move {
                for round in 0..1000_u32 {
                    near.send(&round.to_be_bytes()).await?;
                }
                io::Result::Ok(())
            });
            // Longer than the queue takes.
            gort::time::sleep(Duration::from_millis(5)).await;
            let mut buf = [0; 8];
            for round in 0..1000_u32 {
                assert_eq!(far.recv(&mut buf).await?, 4);
                assert_eq!(buf[..4], round.to_be_bytes());
            }
            sender.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn datagrams_find_a_path() {
    with_procs(PROCS, |rt| {
        let path = SocketPath::new();
        rt.block_on(async {
            let server = UnixDatagram::bind(&path.0)?;
            let client = UnixDatagram::unbound()?;
            client.connect(&path.0)?;
            client.send(b"abc").await?;
            let (n, from) = server.recv_from(&mut [0; 8]).await?;
            assert_eq!(n, 3);
            assert!(from.is_unnamed());
            server.close();
            assert!(server.recv(&mut [0; 8]).await.is_err());
            io::Result::Ok(())
        })
        .unwrap();
    });
}
