//! What the netpoller costs and promises, seen from outside.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream, UnixStream};
use gort_tests::with_procs;

const PROCS: &[usize] = &[1, 2, 8];

#[test]
fn hundreds_of_connections_each_get_their_own_bytes() {
    const CONNECTIONS: u32 = 300;
    const ROUNDS: u32 = 20;
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let addr = listener.local_addr()?;
            let server = gort::spawn(async move {
                for _ in 0..CONNECTIONS {
                    let (stream, _) = listener.accept().await?;
                    gort::spawn(async move {
                        let (mut read, mut write) = stream.split();
                        gort::io::copy(&mut read, &mut write).await
                    });
                }
                io::Result::Ok(())
            });
            let clients: Vec<_> = (0..CONNECTIONS)
                .map(|client| {
                    gort::spawn(async move {
                        let mut stream = TcpStream::connect(addr).await?;
                        for round in 0..ROUNDS {
                            let word = (u64::from(client) << 32 | u64::from(round)).to_be_bytes();
                            stream.write_all(&word).await?;
                            let mut answer = [0; 8];
                            stream.read_exact(&mut answer).await?;
                            assert_eq!(answer, word);
                        }
                        io::Result::Ok(())
                    })
                })
                .collect();
            for client in clients {
                client.await.unwrap()?;
            }
            server.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn a_reader_dropped_while_it_waits_leaves_the_bytes_to_the_next() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut near, mut far) = UnixStream::pair()?;
            for round in 0..200_u8 {
                {
                    let mut buf = [0];
                    let mut read = tokio_test::task::spawn(near.read(&mut buf));
                    tokio_test::assert_pending!(read.poll());
                    if round % 2 == 0 {
                        far.write_all(&[round]).await?;
                    }
                }
                if round % 2 == 1 {
                    far.write_all(&[round]).await?;
                }
                let mut buf = [0];
                near.read_exact(&mut buf).await?;
                assert_eq!(buf[0], round);
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn sockets_opened_and_closed_in_a_row_do_not_mix_their_events() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            for round in 0..2000_u32 {
                let (near, mut far) = UnixStream::pair()?;
                let reader = gort::spawn(async move {
                    let mut word = [0; 4];
                    (&near).read_exact(&mut word).await?;
                    io::Result::Ok(u32::from_be_bytes(word))
                });
                far.write_all(&round.to_be_bytes()).await?;
                assert_eq!(reader.await.unwrap()?, round);
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_foreign_thread_may_wait_for_a_socket_of_the_runtime() {
    with_procs(PROCS, |rt| {
        let (near, far) = rt.block_on(async { UnixStream::pair() }).unwrap();
        let far = Arc::new(far);
        // Polled outside the runtime; the runtime's poller must wake it all the same.
        let mut read = tokio_test::task::spawn(async move { (&near).read(&mut [0]).await });
        tokio_test::assert_pending!(read.poll());
        rt.block_on(async {
            (&*far).write_all(b"x").await?;
            let end = Instant::now() + Duration::from_secs(10);
            while !read.is_woken() {
                assert!(Instant::now() < end, "the wake-up was lost");
                gort::time::sleep(Duration::from_micros(100)).await;
            }
            io::Result::Ok(())
        })
        .unwrap();
        tokio_test::assert_ready_ok!(read.poll());
    });
}

#[test]
fn the_two_directions_of_a_socket_wait_apart() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, mut far) = UnixStream::pair()?;
            let near = Arc::new(near);
            let block = vec![0; 1 << 20];
            // The writer waits for room, the reader for data.
            let mut write = tokio_test::task::spawn(async { (&*near).write_all(&block).await });
            tokio_test::assert_pending!(write.poll());
            let mut buf = [0];
            let mut read = tokio_test::task::spawn(async { (&*near).read_exact(&mut buf).await });
            tokio_test::assert_pending!(read.poll());
            far.write_all(b"x").await?;
            read.await?;
            let mut sink = vec![0; 1 << 20];
            let (wrote, got) = futures::future::join(write, far.read_exact(&mut sink)).await;
            wrote?;
            got?;
            io::Result::Ok(())
        })
        .unwrap();
    });
}
