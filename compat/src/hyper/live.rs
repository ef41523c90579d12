//! The connections of a server that are open, and how all of them are told to end.

use std::future::{Future, pending};
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gort::net::{TcpListener, TcpStream};
use gort::task::JoinSet;

use super::Served;

/// The connections that are open, and what ends them.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// One goroutine for each connection. Dropping the set aborts them.
    set: JoinSet<()>,
    /// Dropping one tells its connection to drain. Some belong to connections that have ended.
    drains: Vec<oneshot::Sender<()>>,
    accepted: u64,
}

/// What the server waits for.
pub(super) enum Event {
    /// A connection ended.
    Ended,
    Accepted(TcpStream),
    /// The listener is of no more use.
    Failed(io::Error),
    /// The graceful shutdown begins.
    Stop,
}

impl Live {
    /// The next event. Endings come before connections: a client that connects in a loop must not
    /// keep the server from freeing what it has left behind.
    pub(super) async fn event<F>(&mut self, listener: &TcpListener, stop: Pin<&mut F>) -> Event
    where
        F: Future<Output = ()>,
    {
        let ended = pin!(async {
            if self.set.join_next().await.is_none() {
                pending::<()>().await;
            }
        });
        match select(stop, select(ended, pin!(accept(listener)))).await {
            Either::Left(((), _)) => Event::Stop,
            Either::Right((Either::Left(((), _)), _)) => Event::Ended,
            Either::Right((Either::Right((Ok(stream), _)), _)) => Event::Accepted(stream),
            Either::Right((Either::Right((Err(error), _)), _)) => Event::Failed(error),
        }
    }

    /// Starts the connection that `connect` makes of the receiver that will tell it to drain.
    pub(super) fn admit<C>(&mut self, connect: impl FnOnce(oneshot::Receiver<()>) -> C)
    where
        C: Future<Output = ()> + Send + 'static,
    {
        // At most as many stale senders as open connections, for one look at each per connection.
        if self.drains.len() > 2 * self.set.len() {
            self.drains.retain(|drain| !drain.is_canceled());
        }
        let (drain, told) = oneshot::channel();
        self.drains.push(drain);
        self.set.insert(gort::spawn(connect(told)));
        self.accepted += 1;
    }

    /// Lets every connection finish what it is answering, for at most `limit`.
    pub(super) async fn drain(mut self, limit: Option<Duration>) -> Served {
        self.drains.clear();
        match limit {
            None => self.all_ended().await,
            Some(limit) => drop(gort::time::timeout(limit, self.all_ended()).await),
        }
        let cut_off = self.set.len();
        self.set.abort_all();
        self.all_ended().await;
        Served {
            connections: self.accepted,
            cut_off,
        }
    }

    /// A panic of a connection has been printed by the panic hook and is of no further interest.
    async fn all_ended(&mut self) {
        while self.set.join_next().await.is_some() {}
    }
}

/// The next connection. A client that hung up while it waited to be accepted is no failure of the
/// listener.
async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return Ok(stream),
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset => {}
                _ => return Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_of_ended_connections_do_not_pile_up() {
        gort::block_on(async {
            let mut live = Live::default();
            for _ in 0..1000 {
                live.admit(|told| async { drop(told) });
                live.all_ended().await;
            }
            assert!(live.drains.len() <= 2, "{} are left", live.drains.len());
            assert_eq!(live.accepted, 1000);
        });
    }

    #[test]
    fn drain_tells_every_connection_and_waits_for_it() {
        gort::block_on(async {
            let mut live = Live::default();
            let (ended, mut ends) = futures::channel::mpsc::unbounded();
            for n in 0..10 {
                let ended = ended.clone();
                live.admit(|told| async move {
                    assert!(
                        told.await.is_err(),
                        "nothing is sent, the sender is dropped"
                    );
                    gort::time::sleep(Duration::from_millis(n)).await;
                    ended.unbounded_send(n).expect("the test receives");
                });
            }
            drop(ended);
            let served = live.drain(None).await;
            assert_eq!((served.connections, served.cut_off), (10, 0));
            let mut all = 0;
            while ends.try_recv().is_ok() {
                all += 1;
            }
            assert_eq!(all, 10);
        });
    }
}
