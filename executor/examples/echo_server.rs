//! A TCP server that sends back what it gets: one goroutine for each connection.
//!
//! ```text
//! cargo run -p gort --example echo_server [ADDRESS]
//! nc 127.0.0.1 7777
//! ```
//!
//! Ctrl-C ends it. `--self-check` starts it on a free port, lets clients talk to it, and stops it.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort::task::JoinSet;
use gort::time::timeout;
use gort::{go, spawn};

#[gort::main]
async fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("--self-check") {
        return self_check().await;
    }
    let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:7777")).await?;
    println!("listening on {}, Ctrl-C ends it", listener.local_addr()?);

    // The server is a goroutine, and `main` has nothing to do but to wait for the signal. When it
    // returns, the program ends, with every goroutine and connection that is left.
    go!(report(listener));
    gort::signal::ctrl_c().await
}

async fn report(listener: TcpListener) {
    if let Err(error) = serve(&listener).await {
        eprintln!("no more connections are accepted: {error}");
    }
}

/// Accepts connections until the listener fails or the future is dropped.
async fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        // One slow client holds up nobody: this loop is back at `accept` at once.
        go!({
            if let Err(error) = echo(&stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// Sends back what comes until the client has no more to say.
async fn echo(stream: &TcpStream) -> io::Result<u64> {
    // Both directions work through `&TcpStream`, so there is nothing to split.
    gort::io::copy(&mut &*stream, &mut &*stream).await
}

async fn self_check() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = spawn!(serve(&listener));

    let mut clients = JoinSet::new();
    for client in 0..50 {
        clients.spawn(async move {
            let sent = format!("I am client {client}");
            // A server that does not answer is an error here and not a program that hangs.
            let answer = timeout(Duration::from_secs(10), talk(address, &sent)).await??;
            assert_eq!(answer, sent);
            io::Result::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }

    // Abort drops the server's future at its `accept`. The listener goes with it.
    server.abort();
    assert!(server.await.is_err_and(|error| error.is_cancelled()));
    assert!(TcpStream::connect(address).await.is_err());
    println!("self-check passed");
    Ok(())
}

/// Sends `text`, says that this was all, and reads what comes back.
async fn talk(address: SocketAddr, text: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
