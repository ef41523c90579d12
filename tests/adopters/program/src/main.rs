//! A program that runs on tokio, and has a library that starts goroutines. gort's own executor is
//! not compiled.

use gort_compat::tokio::Tokio;
use library::{Counter, words};

#[tokio::main]
async fn main() -> Result<(), gort::task::JoinError> {
    gort::task::set_default(Tokio::current()).expect("it is set once");
    let counter = Counter::default();
    assert_eq!(words(&counter, "to be or not to be").await?, 6);
    counter.count_later("or".to_owned());
    while counter.runs().len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!((counter.of("be"), counter.of("or")), (2, 2));

    // Nobody is to read of a panic that is meant to happen.
    std::panic::set_hook(Box::new(|_| {}));
    let panics = counter.count("a panic".to_owned());
    let in_tokio = tokio::spawn(panics).await.expect("the task ends");
    let error = in_tokio.expect_err("the goroutine panicked");
    assert!(
        error.to_string().contains("\"counter\" panicked"),
        "{error}"
    );
    assert_eq!(counter.runs().last(), Some(&"counted"));
    println!("program: goroutines ran on tokio");
    Ok(())
}
