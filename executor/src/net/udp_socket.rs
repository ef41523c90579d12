//! UDP sockets.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdUdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use super::async_fd::AsyncFd;
use super::resolve::{ToSocketAddrs, first_of, lookup_host, no_address};
use crate::netpoll::Direction;

/// A UDP socket; Go's `net.UDPConn`.
///
/// Any number of goroutines may send and receive at once; each datagram goes to one of them.
///
/// # Examples
/// ```
/// use gort::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// gort::block_on(async {
///     let server = UdpSocket::bind("127.0.0.1:0").await?;
///     let client = UdpSocket::bind("127.0.0.1:0").await?;
///     client.send_to(b"ping", server.local_addr()?).await?;
///     let mut buf = [0; 16];
///     let (n, from) = server.recv_from(&mut buf).await?;
///     assert_eq!((&buf[..n], from), (b"ping".as_slice(), client.local_addr()?));
///     Ok(())
/// })
/// # }
/// ```
pub struct UdpSocket {
    io: AsyncFd<StdUdpSocket>,
}

impl UdpSocket {
    /// Binds to the first of the addresses where that succeeds. Port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the lookup, and of the last address that was tried.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn bind(addr: impl ToSocketAddrs) -> io::Result<Self> {
        let addrs = lookup_host(addr).await?;
        first_of(addrs, StdUdpSocket::bind)?.try_into()
    }

    /// Makes `addr` the only peer: [`UdpSocket::send`] goes there and datagrams of others are
    /// dropped.
    ///
    /// # Errors
    /// Those of the lookup, and of the last address that was tried.
    ///
    /// # Cancel safety
    /// The socket is connected or it is not.
    pub async fn connect(&self, addr: impl ToSocketAddrs) -> io::Result<()> {
        first_of(lookup_host(addr).await?, |addr| {
            self.io.get_ref().connect(addr)
        })
    }

    /// Sends one datagram to the peer of [`UdpSocket::connect`].
    ///
    /// # Errors
    /// Those of the system, such as that an earlier datagram was refused.
    ///
    /// # Cancel safety
    /// Dropped while it waits, nothing was sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .io(Direction::Write, |socket| socket.send(buf))
            .await
    }

    /// Sends one datagram to `addr`.
    ///
    /// # Errors
    /// Those of the lookup and of the system.
    ///
    /// # Cancel safety
    /// Dropped while it waits, nothing was sent.
    pub async fn send_to(&self, buf: &[u8], addr: impl ToSocketAddrs) -> io::Result<usize> {
        let addr = lookup_host(addr).await?.next().ok_or_else(no_address)?;
        self.io
            .io(Direction::Write, |socket| socket.send_to(buf, addr))
            .await
    }

    /// Receives one datagram. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// Those of the system, such as that an earlier datagram was refused.
    ///
    /// # Cancel safety
    /// No datagram is lost.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.io(Direction::Read, |socket| socket.recv(buf)).await
    }

    /// Receives one datagram and its sender's address. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// No datagram is lost.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .io(Direction::Read, |socket| socket.recv_from(buf))
            .await
    }

    /// As [`UdpSocket::recv`], and the datagram stays for the next call.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.io(Direction::Read, |socket| socket.peek(buf)).await
    }

    /// As [`UdpSocket::recv_from`], and the datagram stays for the next call.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .io(Direction::Read, |socket| socket.peek_from(buf))
            .await
    }

    /// As [`UdpSocket::send_to`], for one task at a time.
    ///
    /// # Errors
    /// Those of the system.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        addr: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io
            .poll_write_with(cx, |socket| socket.send_to(buf, addr))
    }

    /// As [`UdpSocket::recv_from`], for one task at a time.
    ///
    /// # Errors
    /// Those of the system.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io.poll_read_with(cx, |socket| socket.recv_from(buf))
    }

    /// Ends all I/O through a shared reference, as Go's `Close` does: pending and later calls fail
    /// with "use of closed network connection". The fd itself goes with the socket.
    pub fn close(&self) {
        self.io.close();
    }

    /// The own address.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The peer of [`UdpSocket::connect`].
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`] if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// The error that the system keeps for the socket, which this takes away.
    ///
    /// # Errors
    /// Those of the system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }
}

/// Options that are the standard library's, name for name.
macro_rules! options {
    ($($(#[$doc:meta])* $get:ident / $set:ident: $value:ty;)*) => {
        impl UdpSocket {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// Those of the system.
                pub fn $get(&self) -> io::Result<$value> {
                    self.io.get_ref().$get()
                }

                #[doc = concat!("Sets what [`UdpSocket::", stringify!($get), "`] tells.")]
                ///
                /// # Errors
                /// Those of the system.
                pub fn $set(&self, value: $value) -> io::Result<()> {
                    self.io.get_ref().$set(value)
                }
            )*
        }
    };
}
options! {
    /// Whether it may send to a broadcast address.
    broadcast / set_broadcast: bool;
    /// The time to live of its packets, in hops.
    ttl / set_ttl: u32;
    /// Whether it receives its own IPv4 multicasts.
    multicast_loop_v4 / set_multicast_loop_v4: bool;
    /// The time to live of its IPv4 multicasts, in hops.
    multicast_ttl_v4 / set_multicast_ttl_v4: u32;
    /// Whether it receives its own IPv6 multicasts.
    multicast_loop_v6 / set_multicast_loop_v6: bool;
}

impl UdpSocket {
    /// Joins the multicast group at the interface with the address `interface` (or any, if that is
    /// unspecified).
    ///
    /// # Errors
    /// Those of the system.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().join_multicast_v4(&group, &interface)
    }

    /// Leaves the multicast group again.
    ///
    /// # Errors
    /// Those of the system.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Joins the multicast group at the interface of that index (or any, if it is 0).
    ///
    /// # Errors
    /// Those of the system.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().join_multicast_v6(group, interface)
    }

    /// Leaves the multicast group again.
    ///
    /// # Errors
    /// Those of the system.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v6(group, interface)
    }
}

impl TryFrom<StdUdpSocket> for UdpSocket {
    type Error = io::Error;

    /// Puts the socket into non-blocking mode and registers it with the current runtime.
    fn try_from(socket: StdUdpSocket) -> io::Result<Self> {
        Ok(Self {
            io: AsyncFd::new(socket)?,
        })
    }
}

impl From<UdpSocket> for StdUdpSocket {
    /// The standard library's socket, still in non-blocking mode.
    fn from(socket: UdpSocket) -> Self {
        socket.io.into_inner()
    }
}

impl From<UdpSocket> for OwnedFd {
    fn from(socket: UdpSocket) -> Self {
        socket.io.into_inner().into()
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}
