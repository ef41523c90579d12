//! Any pollable fd.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use gort::net::AsyncFd;
use gort_tests::with_procs;

const PROCS: &[usize] = &[1, 2, 8];

fn pair() -> io::Result<(AsyncFd<UnixStream>, AsyncFd<UnixStream>)> {
    let (near, far) = UnixStream::pair()?;
    Ok((AsyncFd::new(near)?, AsyncFd::new(far)?))
}

#[test]
fn closures_wait_for_readiness() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = pair()?;
            let reader = gort::spawn(async move {
                let mut buf = [0; 4];
                for round in 0..1000_u32 {
                    near.read_with(|mut socket| socket.read_exact(&mut buf))
                        .await?;
                    assert_eq!(u32::from_be_bytes(buf), round);
                }
                io::Result::Ok(())
            });
            for round in 0..1000_u32 {
                far.write_with(|mut socket| socket.write_all(&round.to_be_bytes()))
                    .await?;
            }
            reader.await.unwrap()
        })
        .unwrap();
    });
}

#[test]
fn a_guard_clears_what_would_block() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = pair()?;
            let mut buf = [0; 8];
            // A new fd counts as ready until a call says otherwise.
            let guard = near.readable().await?;
            assert!(guard.try_io(|mut socket| socket.read(&mut buf)).is_none());
            let mut readable = tokio_test::task::spawn(near.readable());
            tokio_test::assert_pending!(readable.poll());
            far.write_with(|mut socket| socket.write(b"abc")).await?;
            let guard = readable.await?;
            assert_eq!(
                guard.try_io(|mut socket| socket.read(&mut buf)).unwrap()?,
                3
            );
            guard.clear();
            let error = near
                .try_read_with(|mut socket| socket.read(&mut buf))
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            assert!(guard.get_ref().peer_addr().is_ok());
            far.writable()
                .await?
                .get_ref()
                .shutdown(std::net::Shutdown::Write)?;
            assert_eq!(near.read_with(|mut socket| socket.read(&mut buf)).await?, 0);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_pipe_reports_its_end() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let mut child = std::process::Command::new("cat")
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()?;
            let input = AsyncFd::new(child.stdin.take().unwrap())?;
            let output = AsyncFd::new(child.stdout.take().unwrap())?;
            // `&ChildStdin` writes, `&ChildStdout` does not read: its fd as a file does.
            let output = File::from(std::os::fd::OwnedFd::from(output.into_inner()));
            let output = AsyncFd::new(output)?;
            input
                .write_with(|mut pipe| pipe.write_all(b"through the cat"))
                .await?;
            drop(input);
            let mut all = Vec::new();
            let mut buf = [0; 4];
            loop {
                match output.read_with(|mut pipe| pipe.read(&mut buf)).await? {
                    0 => break,
                    n => all.extend_from_slice(&buf[..n]),
                }
            }
            assert_eq!(all, b"through the cat");
            child.wait()?;
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_file_on_a_disk_is_refused() {
    with_procs(&[1], |rt| {
        rt.block_on(async {
            let file = File::open(std::env::current_exe()?)?;
            let error = AsyncFd::new(file).unwrap_err();
            if cfg!(target_os = "linux") {
                assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn many_goroutines_wait_for_one_fd() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = pair()?;
            let near = Arc::new(near);
            let readers: Vec<_> = (0..50)
                .map(|_| {
                    let near = Arc::clone(&near);
                    gort::spawn(async move {
                        near.read_with(|mut socket| socket.read_exact(&mut [0]))
                            .await
                    })
                })
                .collect();
            gort::time::sleep(Duration::from_millis(2)).await;
            for _ in 0..50 {
                far.write_with(|mut socket| socket.write(b"x")).await?;
            }
            for reader in readers {
                reader.await.unwrap()?;
            }
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn the_slot_wakes_the_task_that_polled() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = pair()?;
            let mut buf = [0; 8];
            let mut read = tokio_test::task::spawn(std::future::poll_fn(|cx| {
                near.poll_read_with(cx, |mut socket| socket.read(&mut buf))
            }));
            tokio_test::assert_pending!(read.poll());
            let mut write = tokio_test::task::spawn(std::future::poll_fn(|cx| {
                far.poll_write_with(cx, |mut socket| socket.write(b"abc"))
            }));
            assert!(matches!(write.poll(), Poll::Ready(Ok(3))));
            assert_eq!(read.await?, 3);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_source_comes_back_whole() {
    with_procs(PROCS, |rt| {
        rt.block_on(async {
            let (near, far) = pair()?;
            let near = near.into_inner();
            near.set_nonblocking(false)?;
            far.write_with(|mut socket| socket.write(b"x")).await?;
            assert_eq!((&near).read(&mut [0; 8])?, 1);
            // And may be registered again.
            let near = AsyncFd::new(near)?;
            far.write_with(|mut socket| socket.write(b"y")).await?;
            assert_eq!(
                near.read_with(|mut socket| socket.read(&mut [0; 8]))
                    .await?,
                1
            );
            io::Result::Ok(())
        })
        .unwrap();
    });
}
