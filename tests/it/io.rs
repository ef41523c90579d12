//! Copying, splitting, buffering.

use std::io;

use gort::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufStream};
use gort::net::{TcpListener, TcpStream, UnixStream};
use gort_tests::with_procs;

const PROCS: &[usize] = &[1, 2, 8];

#[test]
fn a_proxy_carries_both_ways_and_both_ends() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let addr = listener.local_addr()?;
            let server = gort::spawn(async move {
                let (mut stream, _) = listener.accept().await?;
                let mut asked = String::new();
                stream.read_to_string(&mut asked).await?;
                stream.write_all(asked.to_uppercase().as_bytes()).await?;
                io::Result::Ok(())
            });
            let proxy = TcpListener::bind("127.0.0.1:0").await?;
            let proxy_addr = proxy.local_addr()?;
            let proxying = gort::spawn(async move {
                let (mut near, _) = proxy.accept().await?;
                let mut far = TcpStream::connect(addr).await?;
                gort::io::copy_bidirectional(&mut near, &mut far).await
            });
            let mut client = TcpStream::connect(proxy_addr).await?;
            client.write_all(b"hello").await?;
            client.close().await?;
            let mut answer = String::new();
            client.read_to_string(&mut answer).await?;
            assert_eq!(answer, "HELLO");
            assert_eq!(proxying.await.unwrap()?, (5, 5));
            server.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn a_large_copy_is_whole() {
    const BYTES: usize = 5 << 20;
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = UnixStream::pair()?;
            let copying = gort::spawn(async move {
                let data: Vec<u8> = (0..BYTES).map(|n| (n * 7 % 251) as u8).collect();
                let mut far = far;
                gort::io::copy(&mut data.as_slice(), &mut far).await
            });
            let mut near = near;
            let mut all = Vec::new();
            near.read_to_end(&mut all).await?;
            assert_eq!(copying.await.unwrap()?, BYTES as u64);
            assert!(
                all.iter()
                    .enumerate()
                    .all(|(n, byte)| *byte == (n * 7 % 251) as u8)
            );
            assert_eq!(all.len(), BYTES);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn lines_come_one_by_one() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = UnixStream::pair()?;
            let writer = gort::spawn(async move {
                let mut far = BufStream::new(far);
                for n in 0..1000 {
                    far.write_all(format!("line {n}\n").as_bytes()).await?;
                }
                far.flush().await?;
                assert!(far.get_ref().peer_addr().is_ok());
                io::Result::Ok(())
            });
            let mut near = BufReader::new(near);
            let mut line = String::new();
            for n in 0..1000 {
                line.clear();
                near.read_line(&mut line).await?;
                assert_eq!(line, format!("line {n}\n"));
            }
            writer.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn split_halves_of_any_stream_go_to_two_goroutines() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = UnixStream::pair()?;
            let (mut near_read, mut near_write) = gort::io::split(near);
            let reader = gort::spawn(async move {
                let mut buf = [0; 4];
                near_read.read_exact(&mut buf).await?;
                io::Result::Ok(buf)
            });
            near_write.write_all(b"ping").await?;
            let mut far = BufStream::with_capacity(16, 16, far);
            let mut buf = [0; 4];
            far.read_exact(&mut buf).await?;
            far.write_all(&buf).await?;
            far.flush().await?;
            assert_eq!(&reader.await.unwrap()?, b"ping");
            far.into_inner();
            io::Result::Ok(())
        })
        .unwrap();
    });
}
