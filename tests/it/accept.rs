//! Accepting when files have run out. The limit counts for a whole process, so this test runs
//! itself again as a child.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::process::Command;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::io::AsyncWriteExt;
use gort::net::{TcpListener, TcpStream};
use gort_tests::with_procs;

const CHILD: &str = "GORT_TEST_FILES_RUN_OUT";

#[test]
fn accept_outlives_a_lack_of_files() {
    if std::env::var_os(CHILD).is_some() {
        with_procs(&[1, 2, 8], |rt| rt.block_on(run_out()).unwrap());
        return;
    }
    let this = std::env::current_exe().unwrap();
    let script = format!(
        "ulimit -n 60 && exec {} --exact accept::accept_outlives_a_lack_of_files",
        this.display()
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

async fn run_out() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    // By both ways to accept.
    for streaming in [false, true] {
        let client = std::net::TcpStream::connect(addr)?;
        let mut all = Vec::new();
        let error = loop {
            match File::open("/dev/null") {
                Ok(file) => all.push(file),
                Err(error) => break error,
            }
        };
        assert_eq!(error.raw_os_error(), Some(24), "EMFILE");
        let freeing = gort::spawn(async move {
            gort::time::sleep(Duration::from_millis(30)).await;
            drop(all);
        });
        let start = Instant::now();
        let mut server: TcpStream = if streaming {
            listener.incoming().next().await.unwrap()?
        } else {
            listener.accept().await?.0
        };
        assert!(
            start.elapsed() >= Duration::from_millis(25),
            "there were no files yet"
        );
        freeing.await.unwrap();
        server.write_all(b"x").await?;
        assert_eq!(io::Read::read(&mut &client, &mut [0; 2])?, 1);
        let would_block = tokio_test::task::spawn(listener.accept())
            .poll()
            .is_pending();
        assert!(would_block, "there was one connection");
    }
    let error = listener_error(listener).await;
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    Ok(())
}

async fn listener_error(listener: TcpListener) -> io::Error {
    listener.close();
    listener.accept().await.unwrap_err()
}
