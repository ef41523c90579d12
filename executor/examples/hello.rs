//! Goroutines that greet: how they are started, what they own, and how one waits for them.
//!
//! ```text
//! cargo run -p gort --example hello
//! ```

use futures::StreamExt;
use futures::channel::mpsc;
use gort::{go, spawn};

/// An ordinary function. Nothing about it is asynchronous, and it can be a goroutine all the same.
fn greet(name: &str, greetings: mpsc::UnboundedSender<String>) {
    // This fails only when nobody listens any more.
    let _ = greetings.unbounded_send(format!("hello, {name}"));
}

// The body is goroutine 1. As in Go, the program ends when it ends, whatever the others do: so what
// they have to say has to be waited for.
#[gort::main]
async fn main() {
    let (greetings, mut heard) = mpsc::unbounded();

    // The arguments are evaluated here, and the call is made in the goroutine, as with Go's `go`.
    for name in ["gopher", "crab"] {
        go!(greet(name, greetings.clone()));
    }

    // A block owns every variable that it uses. `clone(..)` gives it a sender of its own, so that
    // this one can still be used below.
    go!(clone(greetings), {
        gort::yield_now().await;
        greet("world", greetings);
    });

    // `spawn!` takes the same input as `go!` and gives a handle, which gets the result or the
    // panic.
    let length = spawn!("hello, handle".len());

    // The last sender goes, so that the channel ends when the goroutines have.
    drop(greetings);
    let mut all = Vec::new();
    while let Some(greeting) = heard.next().await {
        println!("{greeting}");
        all.push(greeting);
    }
    let length = length.await.expect("a goroutine that does not panic");
    println!("and {length} letters from a handle");

    if std::env::args().any(|argument| argument == "--self-check") {
        // Which goroutine runs first is not promised.
        all.sort();
        assert_eq!(all, ["hello, crab", "hello, gopher", "hello, world"]);
        assert_eq!(length, 13);
        println!("self-check passed");
    }
}
