//! Many at once: a million goroutines, ten thousand connections. In a process of its own, so that
//! it slows down nobody.

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort::{Runtime, spawn};
use gort_tests::{bounded, is_child, join, run_child};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GOROUTINES: u64 = 1_000_000;
const CONNECTIONS: usize = 10_000;
/// How many of the clients connect at the same time.
const AT_A_TIME: usize = 50;
/// One for each connection, as the two ends are in two processes, and what a process has open
/// besides.
const FDS: u64 = CONNECTIONS as u64 + 200;

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

/// Sends eight bytes and wants them back.
async fn ask(stream: &mut TcpStream, question: [u8; 8]) -> io::Result<()> {
    stream.write_all(&question).await?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).await?;
    assert_eq!(question, answer);
    Ok(())
}

/// Makes one connection after the other. Each has its answer before the next is made, so that there
/// are never more connections that nobody has accepted than a listener keeps.
async fn connect(addr: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(addr).await?;
        ask(&mut stream, *b"accepted").await?;
        streams.push(stream);
    }
    Ok(streams)
}

/// The process of the clients: when all are connected, all of them ask, three times.
async fn clients(addr: SocketAddr) -> io::Result<()> {
    let connecting: Vec<_> = (0..AT_A_TIME)
        .map(|_| spawn(connect(addr, CONNECTIONS / AT_A_TIME)))
        .collect();
    let mut streams = Vec::with_capacity(CONNECTIONS);
    for connected in connecting {
        streams.append(&mut connected.await??);
    }
    assert_eq!(streams.len(), CONNECTIONS);
    let ask_thrice = |(n, mut stream): (usize, TcpStream)| {
        spawn(async move {
            for round in 0..3 {
                ask(&mut stream, (10 * n + round).to_le_bytes()).await?;
            }
            io::Result::Ok(stream)
        })
    };
    let mut answered = Vec::with_capacity(CONNECTIONS);
    for client in streams
        .into_iter()
        .enumerate()
        .map(ask_thrice)
        .collect::<Vec<_>>()
    {
        answered.push(client.await??);
    }
    assert_eq!(answered.len(), CONNECTIONS, "all stayed open to the end");
    Ok(())
}

#[test]
fn ten_thousand_connections_echo_at_the_same_time() {
    const NAME: &str = "ten_thousand_connections_echo_at_the_same_time";
    const ADDR: &str = "GORT_TEST_ADDR";
    if !enough_fds() {
        println!("skipped: the hard limit of file descriptors is below {FDS}");
        return;
    }
    if is_child(NAME) {
        let addr = std::env::var(ADDR).unwrap().parse().unwrap();
        let runtime = Runtime::builder().procs(2).build().unwrap();
        return join(runtime.spawn(clients(addr))).unwrap();
    }
    bounded("ten thousand connections", || {
        let runtime = Runtime::builder().procs(2).build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let server = runtime.spawn(async move {
            let mut streams = Vec::with_capacity(CONNECTIONS);
            while streams.len() < CONNECTIONS {
                let (stream, _) = listener.accept().await.unwrap();
                streams.push(spawn(serve(stream)));
            }
            for stream in streams {
                stream.await.unwrap().unwrap();
            }
        });
        run_child(NAME, &[(ADDR, Some(&addr))]).passed();
        join(server);
    });
}
