//! TCP sockets.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort_tests::with_procs;

const PROCS: &[usize] = &[1, 2, 8];

async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (client, server) = join(
        TcpStream::connect(listener.local_addr()?),
        listener.accept(),
    )
    .await;
    Ok((client?, server?.0))
}

/// Sends back whatever comes, until the end.
async fn echo(stream: TcpStream) -> io::Result<u64> {
    let mut buf = [0; 4096];
    let mut bytes = 0;
    loop {
        let n = (&stream).read(&mut buf).await?;
        if n == 0 {
            return Ok(bytes);
        }
        (&stream).write_all(&buf[..n]).await?;
        bytes += n as u64;
    }
}

#[test]
fn thousands_of_round_trips_both_ways_at_once() {
    const ROUNDS: u32 = 3000;
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (a, b) = connected().await?;
            let (a, b) = (Arc::new(a), Arc::new(b));
            // Each stream carries questions one way and answers the other, by two goroutines.
            let ends = [(a.clone(), b.clone()), (b, a)].map(|(near, far)| {
                let answerer = gort::spawn(async move {
                    let mut word = [0; 8];
                    for _ in 0..ROUNDS {
                        (&*far).read_exact(&mut word).await?;
                        assert_eq!(word[..4], *b"ask ");
                    }
                    io::Result::Ok(())
                });
                let asker = gort::spawn(async move {
                    let mut word = *b"ask 0000";
                    for round in 0..ROUNDS {
                        word[4..].copy_from_slice(&round.to_be_bytes());
                        (&*near).write_all(&word).await?;
                    }
                    io::Result::Ok(())
                });
                (answerer, asker)
            });
            for (answerer, asker) in ends {
                asker.await.unwrap()?;
                answerer.await.unwrap()?;
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn echo_answers_each_round_trip() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (client, server) = connected().await?;
            let server = gort::spawn(echo(server));
            let mut answer = [0; 16];
            for round in 0..3000_u128 {
                (&client).write_all(&round.to_be_bytes()).await?;
                (&client).read_exact(&mut answer).await?;
                assert_eq!(u128::from_be_bytes(answer), round);
            }
            drop(client);
            assert_eq!(server.await.unwrap()?, 3000 * 16);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn large_data_arrives_whole_in_both_directions() {
    const BYTES: usize = 8 << 20;
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (client, server) = connected().await?;
            let server = gort::spawn(echo(server));
            let (mut reader, mut writer) = client.into_split();
            let sent: Vec<u8> = (0..BYTES).map(|n| (n * 31 % 251) as u8).collect();
            let expected = sent.clone();
            let sender = gort::spawn(async move { writer.write_all(&sent).await });
            let mut received = Vec::new();
            // The writing half was dropped, so the server sees the end and closes.
            reader.read_to_end(&mut received).await?;
            assert!(received == expected);
            sender.await.unwrap()?;
            assert_eq!(server.await.unwrap()?, BYTES as u64);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn goroutines_that_share_a_listener_accept_every_connection_once() {
    const CONNECTIONS: usize = 200;
    const ACCEPTORS: usize = 10;
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
            let addr = listener.local_addr()?;
            let acceptors: Vec<_> = (0..ACCEPTORS)
                .map(|_| {
                    let listener = Arc::clone(&listener);
                    gort::spawn(async move {
                        let mut peers = Vec::new();
                        loop {
                            match listener.accept().await {
                                Ok((mut stream, peer)) => {
                                    stream.write_all(b"!").await?;
                                    peers.push(peer);
                                }
                                Err(error) if error.kind() == ErrorKind::NotConnected => {
                                    return io::Result::Ok(peers);
                                }
                                Err(error) => return Err(error),
                            }
                        }
                    })
                })
                .collect();
            let mut clients: Vec<SocketAddr> = Vec::new();
            for _ in 0..CONNECTIONS {
                let mut client = TcpStream::connect(addr).await?;
                clients.push(client.local_addr()?);
                client.read_exact(&mut [0]).await?;
            }
            listener.close();
            let mut accepted = Vec::new();
            for acceptor in acceptors {
                accepted.extend(acceptor.await.unwrap()?);
            }
            // Ports may be used again, so the lists are compared, not sets.
            clients.sort_unstable();
            accepted.sort_unstable();
            assert_eq!(accepted, clients);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn an_accept_that_is_dropped_hands_its_turn_on() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
            let addr = listener.local_addr()?;
            for _ in 0..100 {
                let mut first = tokio_test::task::spawn(listener.accept());
                let mut second = tokio_test::task::spawn(listener.accept());
                tokio_test::assert_pending!(first.poll());
                tokio_test::assert_pending!(second.poll());
                let _client = TcpStream::connect(addr).await?;
                // Whether it was woken or not: it goes, and the connection is the second's.
                drop(first);
                let end = Instant::now() + Duration::from_secs(10);
                while !second.is_woken() {
                    assert!(Instant::now() < end, "the turn was lost");
                    gort::time::sleep(Duration::from_micros(50)).await;
                }
                second.await?;
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn incoming_streams_connections() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let addr = listener.local_addr()?;
            let client = gort::spawn(async move {
                for _ in 0..10 {
                    TcpStream::connect(addr).await?;
                }
                io::Result::Ok(())
            });
            let mut incoming = listener.incoming();
            for _ in 0..10 {
                incoming.next().await.unwrap()?;
            }
            client.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn disconnect_fails_pending_and_later_io() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (client, mut server) = connected().await?;
            let client = Arc::new(client);
            let reader = gort::spawn({
                let client = Arc::clone(&client);
                async move { (&*client).read(&mut [0]).await }
            });
            gort::time::sleep(Duration::from_millis(2)).await;
            client.disconnect();
            for error in [
                reader.await.unwrap().unwrap_err(),
                (&*client).read(&mut [0]).await.unwrap_err(),
                (&*client).write(&[0]).await.unwrap_err(),
                client.peek(&mut [0]).await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::NotConnected);
                assert_eq!(error.to_string(), "use of closed network connection");
            }
            assert_eq!(server.read(&mut [0]).await?, 0, "the peer sees the end");
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn close_of_a_listener_wakes_all_that_accept() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
            let addr = listener.local_addr()?;
            let acceptors: Vec<_> = (0..5)
                .map(|_| {
                    let listener = Arc::clone(&listener);
                    gort::spawn(async move { listener.accept().await.unwrap_err() })
                })
                .collect();
            gort::time::sleep(Duration::from_millis(2)).await;
            listener.close();
            for acceptor in acceptors {
                let error = acceptor.await.unwrap();
                assert_eq!(error.to_string(), "use of closed network connection");
            }
            if cfg!(target_os = "linux") {
                let error = TcpStream::connect(addr).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_passed_deadline_fails_io_until_it_is_set_anew() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, mut server) = connected().await?;
            server.write_all(b"x").await?;
            client.set_read_deadline(Some(Instant::now()));
            // Even though there is data.
            for _ in 0..2 {
                let error = client.read(&mut [0]).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                assert_eq!(error.to_string(), "i/o timeout");
            }
            client.write_all(b"y").await?;
            client.set_read_deadline(None);
            assert_eq!(client.read(&mut [0]).await?, 1);
            client.set_deadline(Some(Instant::now()));
            assert_eq!(
                client.write(b"z").await.unwrap_err().kind(),
                ErrorKind::TimedOut
            );
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_deadline_ends_a_pending_read_on_time() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, _server) = connected().await?;
            for _ in 0..3 {
                let start = Instant::now();
                client.set_read_deadline(Some(start + Duration::from_millis(20)));
                let error = client.read(&mut [0]).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                let passed = start.elapsed();
                assert!(passed >= Duration::from_millis(20));
                assert!(passed < Duration::from_secs(5), "{passed:?}");
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_deadline_set_while_a_read_is_pending_applies_to_it() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (client, _server) = connected().await?;
            let client = Arc::new(client);
            for deadline in [None, Some(Instant::now() + Duration::from_secs(3600))] {
                client.set_read_deadline(deadline);
                let reader = gort::spawn({
                    let client = Arc::clone(&client);
                    async move { (&*client).read(&mut [0]).await }
                });
                gort::time::sleep(Duration::from_millis(2)).await;
                client.set_read_deadline(Some(Instant::now()));
                assert_eq!(
                    reader.await.unwrap().unwrap_err().kind(),
                    ErrorKind::TimedOut
                );
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_deadline_moved_later_is_waited_for() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, mut server) = connected().await?;
            client.set_read_deadline(Some(Instant::now() + Duration::from_millis(10)));
            {
                let mut read = tokio_test::task::spawn(async { client.read(&mut [0]).await });
                tokio_test::assert_pending!(read.poll());
            }
            client.set_read_deadline(Some(Instant::now() + Duration::from_secs(60)));
            let writer = gort::spawn(async move {
                gort::time::sleep(Duration::from_millis(30)).await;
                server.write_all(b"x").await
            });
            assert_eq!(client.read(&mut [0]).await?, 1);
            writer.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn a_write_deadline_ends_a_write_that_the_peer_does_not_read() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, _server) = connected().await?;
            client.set_write_deadline(Some(Instant::now() + Duration::from_millis(20)));
            let error = client.write_all(&vec![0; 64 << 20]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn peek_leaves_the_bytes() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, mut server) = connected().await?;
            server.write_all(b"abc").await?;
            let mut buf = [0; 8];
            for _ in 0..3 {
                assert_eq!(client.peek(&mut buf).await?, 3);
            }
            assert_eq!(client.read(&mut buf).await?, 3);
            assert_eq!(&buf[..3], b"abc");
            drop(server);
            assert_eq!(client.peek(&mut buf).await?, 0);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn the_end_comes_after_the_last_bytes() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            for _ in 0..500 {
                let (mut client, mut server) = connected().await?;
                // Both arrive before the first read, as one event or as two.
                server.write_all(b"last").await?;
                drop(server);
                let mut all = Vec::new();
                client.read_to_end(&mut all).await?;
                assert_eq!(all, b"last");
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_reset_is_an_error_not_a_hang() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, mut server) = connected().await?;
            server.write_all(b"x").await?;
            assert_eq!(client.read(&mut [0; 8]).await?, 1);
            server.set_linger(Some(Duration::ZERO))?;
            drop(server);
            let error = client.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn shutdown_of_writing_ends_the_peers_reading_only() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, mut server) = connected().await?;
            client.shutdown(Shutdown::Write)?;
            assert_eq!(server.read(&mut [0]).await?, 0);
            server.write_all(b"x").await?;
            assert_eq!(client.read(&mut [0]).await?, 1);
            assert_eq!(
                client.write(b"y").await.unwrap_err().kind(),
                ErrorKind::BrokenPipe
            );
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn halves_reunite_only_with_their_own() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (client, mut server) = connected().await?;
            let (other, _peer) = connected().await?;
            let (read, write) = client.into_split();
            let (other_read, other_write) = other.into_split();
            let wrong = read.reunite(other_write).unwrap_err();
            let (read, _other_write) = (wrong.0, wrong.1);
            let _other_read = other_read;
            let mut client = read.reunite(write).unwrap();
            client.write_all(b"x").await?;
            assert_eq!(server.read(&mut [0; 2]).await?, 1);
            let (read, write) = client.into_split();
            write.forget();
            drop(read);
            assert_eq!(server.read(&mut [0]).await?, 0);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn borrowed_halves_work_at_once() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (client, server) = connected().await?;
            let server = gort::spawn(echo(server));
            let (mut read, mut write) = client.split();
            let mut buf = vec![0; 1 << 20];
            let sent = vec![7; 1 << 20];
            let (wrote, got) = join(write.write_all(&sent), read.read_exact(&mut buf)).await;
            wrote?;
            got?;
            write.close().await?;
            assert_eq!(server.await.unwrap()?, 1 << 20);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn vectored_io_keeps_the_order() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (mut client, mut server) = connected().await?;
            let n = client
                .write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cde")])
                .await?;
            assert_eq!(n, 5);
            let (mut one, mut two) = ([0; 3], [0; 3]);
            let mut bufs = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
            assert_eq!(server.read_vectored(&mut bufs).await?, 5);
            assert_eq!((&one, &two[..2]), (b"abc", b"de".as_slice()));
            // The short read must not hide what comes next.
            client.write_all(b"f").await?;
            assert_eq!(server.read(&mut one).await?, 1);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_refused_connection_is_an_error_and_the_next_address_is_tried() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            // Only the system may listen at this port, and does not.
            let gone = SocketAddr::from(([127, 0, 0, 1], 1));
            let error = TcpStream::connect(gone).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let stream = TcpStream::connect([gone, listener.local_addr()?]).await?;
            assert_eq!(stream.peer_addr()?, listener.local_addr()?);
            let error = TcpStream::connect(Vec::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_socket_does_not_connect_with_itself() {
    with_procs(&[2], |rt| {
        rt.block_on(async {
            // A port that the system gave to our end of a connection, and will give again: it goes
            // through all that it has.
            let (client, _server) = connected().await?;
            let addr = client.local_addr()?;
            client.set_linger(Some(Duration::ZERO))?;
            drop(client);
            for _ in 0..40_000 {
                let error = TcpStream::connect(addr).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn names_are_looked_up() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let listener = TcpListener::bind(("localhost", 0)).await?;
            let addr = listener.local_addr()?;
            assert!(addr.ip().is_loopback());
            let stream = TcpStream::connect(format!("localhost:{}", addr.port())).await?;
            assert_eq!(stream.peer_addr()?, addr);
            assert!(TcpStream::connect("no port").await.is_err());
            assert!(gort::net::lookup_host("name.invalid:80").await.is_err());
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn options_are_kept() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (client, _server) = connected().await?;
            for on in [true, false] {
                client.set_nodelay(on)?;
                assert_eq!(client.nodelay()?, on);
            }
            client.set_ttl(42)?;
            assert_eq!(client.ttl()?, 42);
            client.set_linger(Some(Duration::from_secs(3)))?;
            assert_eq!(client.linger()?, Some(Duration::from_secs(3)));
            client.set_linger(None)?;
            assert_eq!(client.linger()?, None);
            assert!(client.take_error()?.is_none());
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn std_sockets_convert_and_come_back() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let std_listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            let addr = std_listener.local_addr()?;
            let listener = TcpListener::try_from(std_listener)?;
            let std_client = std::net::TcpStream::connect(addr)?;
            let mut client = TcpStream::try_from(std_client)?;
            let (server, peer) = listener.accept().await?;
            assert_eq!(peer, client.local_addr()?);
            client.write_all(b"x").await?;
            let server = std::net::TcpStream::from(server);
            server.set_nonblocking(false)?;
            assert_eq!(io::Read::read(&mut &server, &mut [0; 2])?, 1);
            let back = std::net::TcpListener::from(listener);
            assert_eq!(back.local_addr()?, addr);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn sockets_and_their_futures_are_send() {
    fn send<T: Send>(_: &T) {}
    fn sync<T: Send + Sync>() {}
    sync::<TcpStream>();
    sync::<TcpListener>();
    send(&TcpStream::connect("127.0.0.1:1"));
    send(&TcpListener::bind("127.0.0.1:0"));
    send(&gort::net::lookup_host("127.0.0.1:1"));
    with_procs(&[1], |rt| {
        let listener = rt.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        send(&listener.accept());
    });
}
