//! Sockets, and any other pollable fd, for goroutines.
//!
//! Every operation makes its system call at once where it may succeed. Where it would block, the
//! goroutine waits in the runtime's netpoller and no thread waits with it, as with Go's `net`
//! package. The types are the standard library's in non-blocking mode and convert from and to them.
//!
//! ```text
//!   TcpStream UnixStream        TcpListener UnixListener      UdpSocket UnixDatagram
//!          \     /                        \   /                       /
//!          Stream  (deadlines)          accept (back-off)            /
//!               \________________________   |   ___________________/
//!                                        AsyncFd           readiness, retry, wait
//!                                           |
//!                                    netpoll::PollDesc
//! ```
//!
//! # Several goroutines, one socket
//! All methods take `&self`, and reading and writing work at the same time through `&TcpStream`.
//! `async` methods (accept, receive) queue: any number of goroutines may wait, and the one that
//! came first is woken first. The `poll_*` methods, and with them [`AsyncRead`] and
//! [`AsyncWrite`], remember one task per direction.
//!
//! # Which runtime
//! A socket belongs to the runtime it was made in: the current one, or else the default one, which
//! starts on first use. When that has been shut down, I/O fails with an error that says so.
//!
//! [`AsyncRead`]: futures::io::AsyncRead
//! [`AsyncWrite`]: futures::io::AsyncWrite

mod accept;
mod alarm;
mod async_fd;
mod connect;
mod deadline;
mod resolve;
mod split;
mod stream;
mod tcp_listener;
mod tcp_stream;
mod udp_socket;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use async_fd::{AsyncFd, ReadyGuard};
pub use resolve::{SocketAddrs, ToSocketAddrs, lookup_host};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp_listener::{Incoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use unix_stream::PeerCredentials;
pub use unix_stream::UnixStream;
