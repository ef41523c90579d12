//! From a name to addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use sealed::{Resolve, Target};

/// Whatever names a socket's address: all that the standard library's trait of the same name
/// takes. Numeric addresses are understood at once; a host name is looked up by the system's
/// resolver on a thread for blocking calls, as Go does where it uses the C library's.
///
/// The trait is sealed.
pub trait ToSocketAddrs: Resolve {}

impl<T: Resolve + ?Sized> ToSocketAddrs for T {}

mod sealed {
    use super::SocketAddrs;

    /// What an address argument says.
    #[derive(Debug)]
    pub enum Target {
        /// The addresses.
        Known(SocketAddrs),
        /// `host:port`.
        Name(String),
        /// A host, and the port.
        Host(String, u16),
    }

    pub trait Resolve {
        fn target(&self) -> Target;
    }
}

/// Addresses that a lookup has found, in the order in which they should be tried.
#[derive(Clone, Debug)]
pub struct SocketAddrs(Found);

#[derive(Clone, Debug)]
enum Found {
    One(Option<SocketAddr>),
    Many(std::vec::IntoIter<SocketAddr>),
}

impl Iterator for SocketAddrs {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match &mut self.0 {
            Found::One(addr) => addr.take(),
            Found::Many(addrs) => addrs.next(),
        }
    }
}

impl From<SocketAddr> for SocketAddrs {
    fn from(addr: SocketAddr) -> Self {
        Self(Found::One(Some(addr)))
    }
}

impl From<Vec<SocketAddr>> for SocketAddrs {
    fn from(addrs: Vec<SocketAddr>) -> Self {
        Self(Found::Many(addrs.into_iter()))
    }
}

/// Looks up the addresses of `host`, such as `"example.org:80"` or `("localhost", 0)`.
///
/// # Errors
/// The name is malformed or unknown, or the resolver failed.
///
/// # Cancel safety
/// The lookup goes on in the background; its result is lost.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// let addrs = gort::block_on(gort::net::lookup_host("127.0.0.1:80"))?;
/// assert_eq!(addrs.collect::<Vec<_>>(), ["127.0.0.1:80".parse().unwrap()]);
/// # Ok(())
/// # }
/// ```
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<SocketAddrs> {
    let target = host.target();
    drop(host);
    lookup(target).await
}

pub(super) async fn lookup(target: Target) -> io::Result<SocketAddrs> {
    let found = match target {
        Target::Known(addrs) => return Ok(addrs),
        Target::Name(name) => {
            crate::runtime::spawn_blocking(move || std_lookup(name.as_str())).await
        }
        Target::Host(host, port) => {
            crate::runtime::spawn_blocking(move || std_lookup((host.as_str(), port))).await
        }
    };
    found.map_err(io::Error::other)?
}

fn std_lookup(host: impl std::net::ToSocketAddrs) -> io::Result<SocketAddrs> {
    Ok(host.to_socket_addrs()?.collect::<Vec<_>>().into())
}

/// Calls `each` with one address after the other until it succeeds, and returns its last error.
pub(super) fn first_of<R>(
    addrs: SocketAddrs,
    mut each: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = None;
    for addr in addrs {
        match each(addr) {
            Ok(done) => return Ok(done),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(no_address))
}

pub(super) fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the name has no address")
}

/// What is an address already.
macro_rules! known {
    ($($addr:ty),*) => {$(
        impl Resolve for $addr {
            fn target(&self) -> Target {
                Target::Known(SocketAddr::from(*self).into())
            }
        }
    )*};
}
known!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

impl Resolve for str {
    fn target(&self) -> Target {
        match self.parse::<SocketAddr>() {
            Ok(addr) => Target::Known(addr.into()),
            Err(_) => Target::Name(self.to_owned()),
        }
    }
}

impl Resolve for String {
    fn target(&self) -> Target {
        self.as_str().target()
    }
}

impl Resolve for (&str, u16) {
    fn target(&self) -> Target {
        match self.0.parse::<IpAddr>() {
            Ok(ip) => Target::Known(SocketAddr::new(ip, self.1).into()),
            Err(_) => Target::Host(self.0.to_owned(), self.1),
        }
    }
}

impl Resolve for (String, u16) {
    fn target(&self) -> Target {
        (self.0.as_str(), self.1).target()
    }
}

impl Resolve for [SocketAddr] {
    fn target(&self) -> Target {
        Target::Known(self.to_vec().into())
    }
}

impl<const N: usize> Resolve for [SocketAddr; N] {
    fn target(&self) -> Target {
        self.as_slice().target()
    }
}

impl Resolve for Vec<SocketAddr> {
    fn target(&self) -> Target {
        self.as_slice().target()
    }
}

impl<T: Resolve + ?Sized> Resolve for &T {
    fn target(&self) -> Target {
        (**self).target()
    }
}

#[cfg(test)]
mod tests {
    use super::{Resolve, Target};

    #[test]
    fn numeric_addresses_need_no_lookup() {
        let addr = "127.0.0.1:80".parse().unwrap();
        let arguments: [&dyn Resolve; 5] = [
            &"127.0.0.1:80",
            &("127.0.0.1", 80),
            &(String::from("127.0.0.1"), 80),
            &[addr],
            &vec![addr],
        ];
        for argument in arguments {
            let Target::Known(found) = argument.target() else {
                panic!("looked up")
            };
            assert_eq!(found.collect::<Vec<_>>(), [addr]);
        }
    }

    #[test]
    fn an_address_in_brackets_keeps_its_scope() {
        let Target::Known(mut found) = "[fe80::1%3]:80".target() else {
            panic!("looked up")
        };
        assert_eq!(found.next().unwrap().to_string(), "[fe80::1%3]:80");
    }

    #[test]
    fn a_name_is_looked_up() {
        assert!(matches!("localhost:80".target(), Target::Name(name) if name == "localhost:80"));
        assert!(matches!(("localhost", 80).target(), Target::Host(_, 80)));
    }
}
