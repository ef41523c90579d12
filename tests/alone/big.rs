//! Many at once: a million goroutines, ten thousand connections. In a process of its own, so that
//! it slows down nobody.

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort::{Runtime, spawn};
use gort_tests::{bounded, join};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GOROUTINES: u64 = 1_000_000;
const CONNECTIONS: usize = 10_000;
/// Two for each connection, and what the process has open besides.
const FDS: u64 = 2 * CONNECTIONS as u64 + 200;

#[test]
fn a_million_goroutines_run_and_are_joined() {
    for procs in [1, 2] {
        bounded(&format!("procs = {procs}"), move || {
            let runtime = Runtime::builder().procs(procs).build().unwrap();
            let ran = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&ran);
            let sum = join(runtime.spawn(async move {
                let spawn = |n: u64| {
                    let ran = Arc::clone(&counted);
                    spawn(async move {
                        ran.fetch_add(1, Ordering::Relaxed);
                        n
                    })
                };
                let handles: Vec<_> = (0..GOROUTINES).map(spawn).collect();
                let mut sum = 0;
                for handle in handles {
                    sum += handle.await.unwrap();
                }
                sum
            }));
            assert_eq!(sum, GOROUTINES * (GOROUTINES - 1) / 2);
            assert_eq!(ran.load(Ordering::Relaxed), GOROUTINES);
        });
    }
}

/// Raises the limit of file descriptors to what is needed, if the hard limit allows it.
fn enough_fds() -> bool {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < FDS) {
        return false;
    }
    if limit.current.is_some_and(|current| current < FDS) {
        limit.current = Some(FDS);
        setrlimit(Resource::Nofile, limit).expect("the hard limit allows it");
    }
    true
}

/// Sends back eight bytes, again and again, until the other side ends.
async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = [0; 8];
    loop {
        match stream.read_exact(&mut buf).await {
            Ok(()) => stream.write_all(&buf).await?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Connects, waits until all have, then sends its number a few times and wants it back.
async fn ask(n: usize, listener: std::net::SocketAddr, all: Arc<Meeting>) -> io::Result<()> {
    let mut stream = TcpStream::connect(listener).await?;
    all.arrive().await;
    for round in 0..3 {
        let question = (10 * n + round).to_le_bytes();
        stream.write_all(&question).await?;
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).await?;
        assert_eq!(question, answer);
    }
    Ok(())
}

/// Lets nobody go on before all have come.
struct Meeting {
    missing: AtomicU64,
    open: futures::future::Shared<futures::channel::oneshot::Receiver<()>>,
    opener: std::sync::Mutex<Option<futures::channel::oneshot::Sender<()>>>,
}

impl Meeting {
    fn new(size: usize) -> Self {
        let (opener, open) = futures::channel::oneshot::channel();
        Self {
            missing: AtomicU64::new(size as u64),
            open: futures::FutureExt::shared(open),
            opener: std::sync::Mutex::new(Some(opener)),
        }
    }

    async fn arrive(&self) {
        if self.missing.fetch_sub(1, Ordering::SeqCst) == 1 {
            let opener = self.opener.lock().unwrap().take();
            opener.unwrap().send(()).unwrap();
        }
        self.open.clone().await.unwrap();
    }
}

#[test]
fn ten_thousand_connections_echo_at_the_same_time() {
    if !enough_fds() {
        println!("skipped: the hard limit of file descriptors is below {FDS}");
        return;
    }
    bounded("ten thousand connections", || {
        let runtime = Runtime::builder().procs(2).build().unwrap();
        join(runtime.spawn(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let server = spawn(async move {
                let mut streams = Vec::with_capacity(CONNECTIONS);
                while streams.len() < CONNECTIONS {
                    let (stream, _) = listener.accept().await.unwrap();
                    streams.push(spawn(serve(stream)));
                }
                streams
            });
            let all = Arc::new(Meeting::new(CONNECTIONS));
            let ask = |n| spawn(ask(n, addr, Arc::clone(&all)));
            for client in (0..CONNECTIONS).map(ask).collect::<Vec<_>>() {
                client.await.unwrap().unwrap();
            }
            for stream in server.await.unwrap() {
                stream.await.unwrap().unwrap();
            }
        }));
    });
}
