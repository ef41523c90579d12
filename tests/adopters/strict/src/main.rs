//! gort's macros in a crate that forbids whatever it can: no lint may see an expansion.

#![forbid(
    unsafe_code,
    unused_mut,
    unused_variables,
    unused_imports,
    unreachable_code
)]
#![deny(
    warnings,
    missing_docs,
    unused_qualifications,
    let_underscore_drop,
    single_use_lifetimes
)]
#![deny(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::cargo_common_metadata
)]
#![deny(
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::default_numeric_fallback,
    clippy::else_if_without_else,
    clippy::exhaustive_structs,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::mem_forget,
    clippy::min_ident_chars,
    clippy::missing_docs_in_private_items,
    clippy::panic,
    clippy::semicolon_outside_block,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::str_to_string,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![allow(clippy::cargo_common_metadata, reason = "never published")]

use gort::panic::Panic;
use gort::{defer, defers, go, recover, spawn};
use std::io;
use std::sync::Arc;

/// Something with methods of all kinds.
#[derive(Clone, Debug)]
struct Worker {
    /// What it starts with.
    base: u32,
}

impl Worker {
    /// A sync method.
    const fn plus(&self, more: u32) -> u32 {
        self.base + more
    }

    /// An async method.
    async fn plus_later(&mut self, more: &u32) -> u32 {
        self.base += 1;
        std::future::ready(self.base + *more).await
    }
}

/// An async function.
async fn twice(number: u32) -> u32 {
    std::future::ready(number * 2).await
}

/// A sync function that borrows.
const fn length(text: &str) -> usize {
    text.len()
}

/// Starts goroutines in every form.
async fn start_all() -> Result<u32, gort::task::JoinError> {
    let worker = Worker { base: 1 };
    let shared = Arc::new(5_u32);
    let number = 3_u32;
    let text = String::from("abc");
    go!(twice(number));
    go!({ twice(number).await });
    go! {
        let doubled = twice(number).await;
        assert_eq!(doubled, 6);
    }
    go!(clone(text, shared, copied = number), {
        assert_eq!(length(&text), 3);
        assert_eq!(*shared + copied, 8);
    });
    go!(clone(number), twice(number));
    go!(name = "named", twice(number));
    let runtime = gort::runtime::Handle::current();
    go!(on = runtime, name = String::from("sent"), twice(number));
    go!(on = &runtime, { twice(number).await });
    let mut set = gort::task::JoinSet::new();
    let _abort = spawn!(on = set, twice(number));
    let members: Vec<u32> = set.join_all().await;
    assert_eq!(members, [6]);
    go!(length(&text));
    go!(clone(worker), worker.plus(move(number + 1)));
    match number {
        3 => go!(twice(4)),
        4 => go!({}),
        _ => {}
    }
    let parsed = spawn!(|digits: &'static str| -> io::Result<u32> {
        let Ok(parsed) = digits.parse() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        Ok(parsed)
    }("12"));
    let mut sum = spawn!(worker.plus_later(&2)).await? + parsed.await?.unwrap_or(0);
    sum += spawn!(local_sum(|value| value + 1, number)).await?;
    let later = twice(1);
    sum += spawn!(later).await?;
    Ok(sum)
}

/// A function that takes a closure.
fn local_sum(change: impl Fn(u32) -> u32, number: u32) -> u32 {
    change(number)
}

/// Something that is closed.
#[derive(Debug, Default)]
struct Conn {
    /// What was done.
    log: Vec<u32>,
}

impl Conn {
    /// Closes it.
    fn close(&mut self) {
        self.log.push(1);
    }

    /// Closes it later.
    async fn close_later(&mut self) -> usize {
        std::future::ready(()).await;
        self.log.push(2);
        self.log.len()
    }
}

/// An error that a panic becomes.
#[derive(Debug)]
struct Failed(Panic);

impl From<Panic> for Failed {
    fn from(panic: Panic) -> Self {
        Self(panic)
    }
}

/// Defers in every form.
#[defers]
fn deferring(conn: &mut Conn, number: u32) -> Result<u32, Failed> {
    let kept = Arc::new(number);
    let mut count = number;
    let text = String::from("text");
    defer!(conn.close());
    defer!(clone(kept), drop(kept));
    defer!({
        conn.log.push(count);
        if let Some(panic) = recover() {
            conn.log
                .push(u32::try_from(panic.message().len()).unwrap_or(0));
        }
    });
    for turn in 0..number {
        let turn_number = turn + count;
        defer!(length(text.as_str()));
        assert!(turn_number >= turn);
        if turn == 1 {
            defer!(|word: &str| {
                assert_eq!(word, "called");
            }("called"));
        }
    }
    defer!(|out| {
        if let Some(Ok(value)) = out.value() {
            *value += 1;
        }
    });
    count += 1;
    assert!(number < 5, "too many");
    Ok(count + *kept)
}

/// Defers in every form and waits.
#[defers]
async fn deferring_async(conn: &mut Conn) -> Result<usize, Failed> {
    defer!(conn.close_later());
    defer!(conn.close());
    defer!({
        std::future::ready(()).await;
        conn.log.push(3);
        drop(recover());
    });
    defer!(async move {
        std::future::ready(()).await;
    });
    for turn in 0..2_u32 {
        defer!(twice(turn));
        defer!({
            assert_eq!(twice(turn).await, turn * 2);
        });
    }
    let parsed = recover!(|| -> Result<u32, std::num::ParseIntError> {
        defer!(length("deferred"));
        let parsed: u32 = "7".parse()?;
        Ok(parsed)
    });
    assert_eq!(parsed?.ok(), Some(7));
    conn.close_later().await;
    Ok(conn.log.len())
}

/// Outside of a scope.
fn guarded(log: &std::cell::RefCell<Vec<u32>>) {
    let number = 1_u32;
    defer!(log.borrow_mut().push(number));
    defer! {
        log.borrow_mut().push(2);
    }
    let _end = gort::guard(|| log.borrow_mut().push(3));
}

/// Checks what was deferred.
async fn defer_all() -> Result<(), Failed> {
    let mut conn = Conn::default();
    assert_eq!(deferring(&mut conn, 2)?, 6);
    assert!(deferring(&mut conn, 5).is_err_and(|failed| failed.0.message() == "too many"));
    assert_eq!(conn.log, [3, 1, 6, 8, 1]);
    conn.log.clear();
    assert_eq!(deferring_async(&mut conn).await?, 1);
    assert_eq!(conn.log, [2, 3, 1, 2]);
    let log = std::cell::RefCell::default();
    guarded(&log);
    assert_eq!(log.into_inner(), [3, 2, 1]);
    go! {
        defer!(drop(conn));
        defer!({
            drop(recover());
        });
        assert_eq!(twice(1).await, 2);
    }
    Ok(())
}

/// Ends with a result.
#[gort::main(procs = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sum = start_all().await?;
    assert_eq!(sum, 4 + 12 + 4 + 2);
    defer_all().await.map_err(|failed| failed.0)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[gort::test]
    async fn expansions_raise_no_lint() {
        assert_eq!(super::start_all().await.ok(), Some(22));
        assert!(super::defer_all().await.is_ok());
    }

    #[gort::test]
    #[should_panic(expected = "overflow")]
    async fn a_test_may_have_to_panic() {
        let number = std::future::ready(0_u32).await;
        assert!(number.checked_sub(1).is_some(), "overflow");
    }
}
