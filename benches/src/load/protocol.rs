//! What a connection sends and when a reply is whole and right.

use std::io;

use crate::workload::http_hello::BODY;
use crate::workload::tcp_echo::message;

/// One connection's side of a request-and-reply protocol.
pub(crate) trait Protocol: Send + 'static {
    fn new(connection: u64) -> Self;

    /// The next request, written over the last one in `out`.
    fn request(&mut self, out: &mut Vec<u8>);

    /// Whether `reply` is all of the reply.
    ///
    /// # Errors
    ///
    /// If it can never become the reply to `request`.
    fn is_whole(&self, request: &[u8], reply: &[u8]) -> io::Result<bool>;
}

/// The reply is the request.
#[derive(Debug)]
pub(crate) struct Echo {
    connection: u64,
    exchange: u64,
}

impl Protocol for Echo {
    fn new(connection: u64) -> Echo {
        Echo {
            connection,
            exchange: 0,
        }
    }

    fn request(&mut self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&message(self.connection, self.exchange));
        self.exchange += 1;
    }

    fn is_whole(&self, request: &[u8], reply: &[u8]) -> io::Result<bool> {
        if !request.starts_with(reply) {
            return Err(io::Error::other("the echo differs from the message"));
        }
        Ok(reply.len() == request.len())
    }
}

/// A GET request that is answered with status 200 and [`BODY`].
#[derive(Debug)]
pub(crate) struct Http;

impl Protocol for Http {
    fn new(_: u64) -> Http {
        Http
    }

    fn request(&mut self, out: &mut Vec<u8>) {
        if out.is_empty() {
            out.extend_from_slice(b"GET /hello HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
        }
    }

    fn is_whole(&self, _: &[u8], reply: &[u8]) -> io::Result<bool> {
        let Some(head) = reply.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(false);
        };
        let (head, body) = reply.split_at(head + 4);
        let status = head.starts_with(b"HTTP/1.1 200 ");
        if !status || content_length(head) != Some(BODY.len()) {
            let head = String::from_utf8_lossy(head);
            return Err(io::Error::other(format!("unexpected response: {head}")));
        }
        if !BODY.as_bytes().starts_with(body) {
            return Err(io::Error::other("the body of the response is wrong"));
        }
        Ok(body.len() == BODY.len())
    }
}

/// The value of the header `Content-Length`.
fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    values.next()?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Echo, Http, Protocol};

    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\nHello, World!";

    #[test]
    fn an_echo_is_whole_at_its_last_byte() {
        let (mut echo, mut request) = (Echo::new(3), Vec::new());
        echo.request(&mut request);
        assert!(!echo.is_whole(&request, &request[..63]).unwrap());
        assert!(echo.is_whole(&request, &request).unwrap());
    }

    #[test]
    fn an_echo_of_an_earlier_message_is_an_error() {
        let (mut echo, mut request) = (Echo::new(3), Vec::new());
        echo.request(&mut request);
        let earlier = request.clone();
        echo.request(&mut request);
        assert!(echo.is_whole(&request, &earlier).is_err());
    }

    #[test]
    fn a_response_is_whole_at_its_last_byte() {
        let http = Http::new(0);
        for n in 0..RESPONSE.len() {
            assert!(
                !http.is_whole(b"", &RESPONSE[..n]).unwrap(),
                "after {n} bytes"
            );
        }
        assert!(http.is_whole(b"", RESPONSE).unwrap());
    }

    #[test]
    fn any_other_response_is_an_error() {
        let http = Http::new(0);
        for wrong in [
            "HTTP/1.1 404 Not Found\r\ncontent-length: 13\r\n\r\nHello, World!",
            "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nHello, World",
            "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\nHello, Mars!!",
            "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\nHello, World!!",
        ] {
            assert!(http.is_whole(b"", wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
