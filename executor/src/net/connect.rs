//! Connecting without blocking.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, addr::SocketAddrArg, sockopt};

use super::async_fd::AsyncFd;
use crate::netpoll::Direction;

/// How often a connection of a socket with itself is tried anew.
const TRIES: u32 = 3;

/// A connected TCP socket.
///
/// Where nobody listens at a port of this machine, the system may choose that very port for our own
/// end, and the socket is connected with itself. As in Go, that does not count as a connection.
pub(super) async fn connect_tcp(addr: SocketAddr) -> io::Result<AsyncFd<TcpStream>> {
    let family = if addr.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    for _ in 0..TRIES {
        let io = connect::<TcpStream>(socket(family, SocketType::STREAM)?, &addr).await?;
        if !is_with_itself(io.get_ref(), addr)? {
            return Ok(io);
        }
    }
    Err(Errno::CONNREFUSED.into())
}

fn is_with_itself(stream: &TcpStream, addr: SocketAddr) -> io::Result<bool> {
    let local = stream.local_addr()?;
    Ok(local.port() == addr.port() && stream.peer_addr().is_ok_and(|peer| peer == local))
}

/// A new socket in non-blocking mode that `exec` closes.
pub(super) fn socket(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let fd = {
        use rustix::net::SocketFlags;
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        rustix::net::socket_with(family, kind, flags, None)?
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let fd = {
        let fd = rustix::net::socket(family, kind, None)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&fd, true)?;
        fd
    };
    Ok(fd)
}

/// Connects `fd`, as Go's `netFD.connect` does: a socket is registered only once it is connecting
/// (before that it would report a hang-up), and a readiness without a peer is waited out.
pub(super) async fn connect<S>(fd: OwnedFd, addr: &impl SocketAddrArg) -> io::Result<AsyncFd<S>>
where
    S: AsFd + From<OwnedFd>,
{
    let is_connected = match rustix::net::connect(&fd, addr) {
        Ok(()) | Err(Errno::ISCONN) => true,
        // An interrupted connect goes on in the background.
        Err(Errno::INPROGRESS | Errno::INTR | Errno::ALREADY) => false,
        Err(error) => return Err(error.into()),
    };
    let io = AsyncFd::from_nonblocking(S::from(fd), is_connected)?;
    if !is_connected {
        io.io(Direction::Write, outcome).await?;
    }
    Ok(io)
}

/// How the connecting of a socket ended; `WouldBlock` if it has not.
fn outcome(socket: &impl AsFd) -> io::Result<()> {
    sockopt::socket_error(socket)??;
    match rustix::net::getpeername(socket) {
        Ok(_) => Ok(()),
        Err(Errno::NOTCONN) => match sockopt::socket_error(socket)? {
            // It may have failed between the two questions.
            Ok(()) => Err(io::ErrorKind::WouldBlock.into()),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}
