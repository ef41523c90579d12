//! What cannot be done is refused with an error that says what, or has a result that is defined.

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort::runtime::Handle;
use gort::task::goid;
use gort::{Runtime, spawn};
use gort_tests::{PROCS, join, on_goroutine, quietly, with_procs};
use std::future::{Future, ready};
use std::io::ErrorKind;
use std::net::Shutdown;
use std::panic::catch_unwind;
use std::time::Duration;

/// The text of the panic of `f`.
fn panic_of(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(f).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn a_builder_refuses_what_is_out_of_range() {
    let refused = |builder: gort::runtime::Builder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    };
    let new = Runtime::builder;
    assert_eq!(
        refused(new().procs(0)),
        "procs(0): at least 1 is needed to run anything"
    );
    assert_eq!(
        refused(new().procs(1025)),
        "procs(1025): at most 1024 are possible"
    );
    let huge = usize::MAX;
    assert_eq!(
        refused(new().procs(huge)),
        format!("procs({huge}): at most 1024 are possible")
    );
    assert_eq!(
        refused(new().procs(1).max_blocking_threads(0)),
        "max_blocking_threads(0): at least 1 is needed to run a blocking call"
    );
    let name = new().procs(1).thread_name("a\0b");
    assert_eq!(
        refused(name),
        "thread_name(\"a\\0b\"): a name cannot hold a NUL"
    );
}

#[test]
fn the_most_ps_are_possible() {
    let runtime = Runtime::builder().procs(1024).build().unwrap();
    assert_eq!(runtime.procs(), 1024);
    let handles: Vec<_> = (0..100).map(|n| runtime.spawn(ready(n))).collect();
    assert_eq!(handles.into_iter().map(join).sum::<i32>(), 4950);
    assert!(runtime.shutdown(Duration::from_secs(10)).is_clean());
}

#[test]
fn a_thread_name_that_the_system_would_cut_is_kept_whole() {
    let long = "a name that is much longer than the fifteen bytes that Linux shows";
    let runtime = Runtime::builder()
        .procs(1)
        .thread_name(long)
        .build()
        .unwrap();
    let name = join(runtime.spawn(async { std::thread::current().name().map(str::to_owned) }));
    assert_eq!(name.unwrap(), format!("{long}-0"));
}

#[test]
fn what_needs_a_runtime_says_so() {
    let text = panic_of(|| drop(Handle::current()));
    assert!(
        text.contains("Handle::current() was called outside a runtime"),
        "{text}"
    );
    let text = panic_of(|| assert!(goid().as_u64() > 0));
    assert!(
        text.contains("goid() was called outside a goroutine"),
        "{text}"
    );
    assert!(Handle::try_current().is_none());
}

#[test]
fn io_on_a_closed_socket_is_an_error() {
    on_goroutine(&PROCS, || async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accept = spawn(async move { listener.accept().await.unwrap().0 });
        let mut near = TcpStream::connect(addr).await.unwrap();
        let mut far = accept.await.unwrap();

        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(
            near.write(b"x").await.unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
        assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        drop(near);
        let refused = loop {
            match far.write(&[0; 4096]).await {
                Ok(_) => {}
                Err(error) => break error.kind(),
            }
        };
        assert!(
            matches!(refused, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
            "{refused:?}"
        );
        assert_eq!(
            TcpStream::connect(addr).await.unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
    });
}

#[test]
fn io_on_a_socket_whose_runtime_is_gone_is_an_error() {
    with_procs(&PROCS, |runtime| {
        let other = Runtime::builder().procs(1).build().unwrap();
        let listener = other.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let accept = runtime.spawn(async move { listener.accept().await.map(drop) });
        let waits = || runtime.num_goroutine() == 1;
        gort_tests::wait_until("it waits", waits);
        drop(other);
        assert!(join(accept).is_err());
    });
}

#[test]
fn addresses_that_are_none_are_errors() {
    on_goroutine(&[1], || async {
        for bad in ["", "localhost", "127.0.0.1:", "127.0.0.1:99999", ":::::1"] {
            assert!(TcpStream::connect(bad).await.is_err(), "{bad:?}");
            assert!(TcpListener::bind(bad).await.is_err(), "{bad:?}");
        }
    });
}

#[test]
fn a_future_that_is_polled_after_its_end_panics_and_nothing_else_happens() {
    quietly(|| {
        with_procs(&PROCS, |runtime| {
            let handle = runtime.spawn(async {
                let mut done = Box::pin(async {});
                done.as_mut().await;
                let again = catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
                    let _ = done.as_mut().poll(cx);
                }));
                again.is_err()
            });
            assert!(join(handle));
        });
    });
}
