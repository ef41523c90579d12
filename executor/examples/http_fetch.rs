//! A goroutine fetches a page and sends it over a channel, and closes its connection however the
//! fetch ends. Meanwhile the program goes on.
//!
//! ```text
//! cargo run -p gort --example http_fetch [HOST [PATH]]
//! ```
//!
//! Without a host it is a server in this program that is asked. The protocol is HTTP/1.0, without
//! encryption; `gort-compat` has hyper for more.

use std::io;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use gort::net::{TcpListener, TcpStream};
use gort::{Chan, defer, defers, go};

/// ```go
/// ch := make(chan []byte)
/// go func(recv chan []byte) {
///     resp, _ := http.Get("https://example.com")
///     defer resp.Body.Close()
///     body, _ := io.ReadAll(resp.Body)
///     recv <- body
/// }(ch)
///
/// fmt.Println("Program continues...")
///
/// result := <-ch
/// fmt.Println("Done, result is", string(result))
/// ```
#[gort::main]
async fn main() -> io::Result<()> {
    let host = std::env::args()
        .nth(1)
        .filter(|host| host != "--self-check");
    let path = std::env::args().nth(2).unwrap_or_else(|| "/".to_owned());
    let is_own = host.is_none();
    let (address, host) = match host {
        Some(host) => (format!("{host}:80"), host),
        None => (serve().await?, "localhost".to_owned()),
    };

    let pages = Chan::new(0);
    go!(|pages: Chan<io::Result<String>>| {
        // An error is sent like a page: whoever waits must learn of it.
        pages.send(get(&address, &host, &path).await).await;
    }(pages.clone()));

    println!("Program continues...");

    let page = pages.recv().await.expect("one page, or an error")?;
    println!("Done, result is {page}");
    if is_own {
        assert_eq!(page, "hello, gopher");
        println!("self-check passed");
    }
    Ok(())
}

/// The page behind the head of the answer.
#[defers]
async fn get(address: &str, host: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    // Every `?` below leaves through here, and so do a panic and a fetch that is given up.
    defer!(stream.close());

    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.split_once("\r\n\r\n") {
        Some((_head, page)) => Ok(page.to_owned()),
        None => Err(io::Error::other("this is no answer")),
    }
}

/// Starts a server for one request, and gives its address.
async fn serve() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    go! {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        defer!(stream.close());
        let mut request = [0; 512];
        // The request is short, and what it asks for makes no difference.
        if stream.read(&mut request).await.is_ok() {
            let answer = "HTTP/1.0 200 OK\r\nContent-Length: 13\r\n\r\nhello, gopher";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
    Ok(address)
}
