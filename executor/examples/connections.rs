//! A server whose handler closes its connection whatever happens to it.
//!
//! ```text
//! cargo run -p gort --example connections [ADDRESS]
//! nc 127.0.0.1 7778
//! ```
//!
//! It takes divisions, such as `7 2`, one in a line. What `defer!` is for is how a conversation
//! ends: the client says that it has no more, asks for something that is no division, divides by
//! zero (which panics), or takes too long. Ctrl-C ends the server; `--self-check` starts
//! it on a free port and lets clients end their conversations in all these ways.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use gort::io::BufStream;
use gort::net::{TcpListener, TcpStream};
use gort::time::timeout;
use gort::{Sender, chan, defer, defers, go, recover};

/// How long a conversation may last.
const LIMIT: Duration = Duration::from_secs(3);

#[gort::main]
async fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1);
    let (closed, closings) = chan(16);
    if argument.as_deref() == Some("--self-check") {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        go!(accept(listener, closed));
        check(address).await?;
        for _ in 0..4 {
            let peer = closings.recv().await.expect("the server runs");
            println!("closed: {peer}");
        }
        println!("self-check passed");
        return Ok(());
    }
    let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:7778")).await?;
    println!("listening on {}, Ctrl-C ends it", listener.local_addr()?);
    go!(accept(listener, closed));
    go! {
        while let Some(peer) = closings.recv().await {
            println!("closed: {peer}");
        }
    }
    gort::signal::ctrl_c().await
}

async fn accept(listener: TcpListener, closed: Sender<SocketAddr>) {
    while let Ok((stream, peer)) = listener.accept().await {
        go!(clone(closed), {
            // Rust has one more way out of a function than Go: the limit drops the handler while it
            // waits. What it has deferred runs then as well.
            match timeout(LIMIT, handle(stream, peer, closed)).await {
                Ok(Ok(answers)) => println!("{peer}: {answers} answers"),
                Ok(Err(error)) => println!("{peer}: {error}"),
                Err(elapsed) => println!("{peer}: {elapsed}"),
            }
        });
    }
}

/// Talks to one client. It returns how many divisions were done.
#[defers]
async fn handle(
    stream: TcpStream,
    peer: SocketAddr,
    closed: Sender<SocketAddr>,
) -> io::Result<u32> {
    let mut conn = BufStream::new(stream);

    // The last that is deferred runs first. So from here upwards: a panic becomes the error that
    // this function returns, the client is told, then the connection is closed, then that is noted.
    defer!({
        // The channel has room, or nobody looks at it.
        let _ = closed.try_send(peer);
    });
    // `close` sends what lies in the buffer. It is awaited, and `conn` may be used until then.
    defer!(conn.close());
    defer!(|out| {
        let why = match out.value() {
            Some(Ok(_)) => "bye\n".to_owned(),
            Some(Err(error)) => format!("error: {error}\n"),
            None => "error: time is up\n".to_owned(),
        };
        conn.write_all(why.as_bytes()).await
    });
    defer!({
        if let Some(place) = recover().as_ref().and_then(|panic| panic.location()) {
            eprintln!("{peer}: there was a panic at {place}");
        }
    });

    let mut answers = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if conn.read_line(&mut line).await? == 0 {
            return Ok(answers);
        }
        let quotient = divide(line.trim())?;
        conn.write_all(format!("{quotient}\n").as_bytes()).await?;
        conn.flush().await?;
        answers += 1;
    }
}

fn divide(line: &str) -> io::Result<u32> {
    let numbers = line.split_once(' ').and_then(|(dividend, divisor)| {
        let divisor: u32 = divisor.parse().ok()?;
        Some((dividend.parse::<u32>().ok()?, divisor))
    });
    let Some((dividend, divisor)) = numbers else {
        return Err(io::Error::other("two numbers, please"));
    };
    Ok(dividend / divisor)
}

/// Four clients at once, of which each ends the conversation in another way. All see its end.
async fn check(address: SocketAddr) -> io::Result<()> {
    let ends = [
        ("7 2\n8 2\n", true, "3\n4\nbye\n"),
        ("9 3\nnine\n", false, "3\nerror: two numbers, please\n"),
        ("9 0\n", false, "error: attempt to divide by zero\n"),
        ("9 1\n9", false, "9\nerror: time is up\n"),
    ];
    let mut clients = gort::task::JoinSet::new();
    for (says, has_finished, hears) in ends {
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(says.as_bytes()).await?;
            if has_finished {
                stream.shutdown(std::net::Shutdown::Write)?;
            }
            // This returns when the server has closed the connection, and not before.
            let mut heard = String::new();
            timeout(Duration::from_secs(60), stream.read_to_string(&mut heard)).await??;
            assert_eq!(heard, hears);
            io::Result::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(())
}
