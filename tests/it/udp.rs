//! UDP sockets.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gort::net::UdpSocket;
use gort_tests::with_procs;

const PROCS: &[usize] = &[1, 2, 8];

#[test]
fn datagrams_go_there_and_back() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let server = UdpSocket::bind("127.0.0.1:0").await?;
            let addr = server.local_addr()?;
            let echo = gort::spawn(async move {
                let mut buf = [0; 64];
                for _ in 0..1000 {
                    let (n, from) = server.recv_from(&mut buf).await?;
                    server.send_to(&buf[..n], from).await?;
                }
                io::Result::Ok(())
            });
            let client = UdpSocket::bind("127.0.0.1:0").await?;
            client.connect(addr).await?;
            assert_eq!(client.peer_addr()?, addr);
            let mut buf = [0; 64];
            for round in 0..1000_u32 {
                client.send(&round.to_be_bytes()).await?;
                assert_eq!(client.recv(&mut buf).await?, 4);
                assert_eq!(buf[..4], round.to_be_bytes());
            }
            echo.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn goroutines_that_share_a_socket_receive_every_datagram_once() {
    const RECEIVERS: usize = 10;
    const DATAGRAMS: usize = 500;
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let server = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
            let addr = server.local_addr()?;
            let receivers: Vec<_> = (0..RECEIVERS)
                .map(|_| {
                    let server = Arc::clone(&server);
                    gort::spawn(async move {
                        let mut got = Vec::new();
                        let mut buf = [0; 8];
                        while let Ok((n, from)) = server.recv_from(&mut buf).await {
                            got.push(buf[0]);
                            server.send_to(&buf[..n], from).await?;
                        }
                        io::Result::Ok(got)
                    })
                })
                .collect();
            let client = UdpSocket::bind("127.0.0.1:0").await?;
            for round in 0..DATAGRAMS {
                client.send_to(&[round as u8], addr).await?;
                // Confirmed one by one, so that none is dropped for want of room.
                client.recv(&mut [0; 8]).await?;
            }
            server.close();
            let mut got = Vec::new();
            for receiver in receivers {
                got.extend(receiver.await.unwrap()?);
            }
            let mut sent: Vec<u8> = (0..DATAGRAMS).map(|round| round as u8).collect();
            got.sort_unstable();
            sent.sort_unstable();
            assert_eq!(got, sent);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn close_wakes_the_receiver() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
            let receiver = gort::spawn({
                let socket = Arc::clone(&socket);
                async move { socket.recv(&mut [0; 8]).await.unwrap_err() }
            });
            gort::time::sleep(Duration::from_millis(2)).await;
            socket.close();
            let error = receiver.await.unwrap();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
            assert_eq!(error.to_string(), "use of closed network connection");
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn peek_leaves_the_datagram() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let server = UdpSocket::bind("127.0.0.1:0").await?;
            let client = UdpSocket::bind("127.0.0.1:0").await?;
            client.send_to(b"abc", server.local_addr()?).await?;
            let mut buf = [0; 8];
            assert_eq!(server.peek(&mut buf).await?, 3);
            assert_eq!(server.peek_from(&mut buf).await?, (3, client.local_addr()?));
            assert_eq!(server.recv(&mut buf).await?, 3);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_refused_datagram_is_an_error_of_the_next_call() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let gone = UdpSocket::bind("127.0.0.1:0").await?.local_addr()?;
            let client = UdpSocket::bind("127.0.0.1:0").await?;
            client.connect(gone).await?;
            client.send(b"x").await?;
            let error = client.recv(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            // And the socket goes on.
            let client: SocketAddr = client.local_addr()?;
            assert!(client.port() > 0);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn options_are_kept() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await?;
            socket.set_broadcast(true)?;
            assert!(socket.broadcast()?);
            socket.set_ttl(42)?;
            assert_eq!(socket.ttl()?, 42);
            socket.set_multicast_loop_v4(false)?;
            assert!(!socket.multicast_loop_v4()?);
            socket.set_multicast_ttl_v4(3)?;
            assert_eq!(socket.multicast_ttl_v4()?, 3);
            let error = socket.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED);
            assert!(error.is_err(), "that is no multicast address");
            assert!(socket.take_error()?.is_none());
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn std_sockets_convert_and_come_back() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let std_socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
            let addr = std_socket.local_addr()?;
            let socket = UdpSocket::try_from(std_socket)?;
            let client = std::net::UdpSocket::bind("127.0.0.1:0")?;
            client.send_to(b"x", addr)?;
            assert_eq!(socket.recv(&mut [0; 8]).await?, 1);
            assert_eq!(std::net::UdpSocket::from(socket).local_addr()?, addr);
            io::Result::Ok(())
        })
        .unwrap();
    });
}
