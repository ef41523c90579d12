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

use gort::{go, spawn};
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

/// Ends with a result.
#[gort::main(procs = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sum = start_all().await?;
    assert_eq!(sum, 4 + 12 + 4 + 2);
    Ok(())
}

#[cfg(test)]
mod tests {
    #[gort::test]
    async fn expansions_raise_no_lint() {
        assert_eq!(super::start_all().await.ok(), Some(22));
    }

    #[gort::test]
    #[should_panic(expected = "overflow")]
    async fn a_test_may_have_to_panic() {
        let number = std::future::ready(0_u32).await;
        assert!(number.checked_sub(1).is_some(), "overflow");
    }
}
