//! Panics that are meant to happen, and print nothing.

use std::any::Any;
use std::future::Future;
use std::panic;
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

/// Expected panics print nothing from now on: those whose text begins with `expected:`, and those
/// whose payload is [`Explosive`]. Calls `f`.
pub fn quietly<T>(f: impl FnOnce() -> T) -> T {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_expected(info.payload()) {
                loud(info);
            }
        }));
    });
    f()
}

fn is_expected(payload: &(dyn Any + Send)) -> bool {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => Some(*text),
        None => payload.downcast_ref::<String>().map(|text| &text[..]),
    };
    text.is_some_and(|text| text.starts_with("expected:")) || payload.is::<Explosive>()
}

/// A value, a payload or an output whose destructor panics.
#[derive(Debug)]
pub struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("expected: a destructor panics");
    }
}

/// A future that is pending and whose destructor panics.
#[derive(Debug)]
pub struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("expected: a future's destructor panics");
    }
}

impl Future for PanicsOnDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
