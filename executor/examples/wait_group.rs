//! The first programs of every Go course: goroutines that greet, and waiting for them.
//!
//! ```text
//! cargo run -p gort --example wait_group
//! ```
//!
//! Each function here is one of these programs, with its Go text above it. What each prints is
//! returned as well, so that `--self-check` can compare it.

use std::sync::Arc;

use gort::sync::{Mutex, WaitGroup};
use gort::{Chan, defer, defers, go};

#[gort::main]
async fn main() {
    let hello = hello().await;
    let welcome = welcome().await;
    let captured = captured_salutations().await;
    let passed = passed_salutations().await;
    let counted = counted_in_time().await;

    if std::env::args().any(|argument| argument == "--self-check") {
        let sorted = |mut lines: Vec<String>| {
            lines.sort();
            lines
        };
        assert_eq!(hello, "hello");
        assert_eq!(welcome, "welcome");
        let all = ["good day", "greetings", "hello"];
        // Which goroutine is the first to say something is not promised.
        assert_eq!(sorted(captured), all);
        assert_eq!(sorted(passed), all);
        assert_eq!(counted, 10);
        println!("self-check passed");
    }
}

/// Prints a line, and keeps it.
async fn say(lines: &Mutex<Vec<String>>, line: &str) {
    println!("{line}");
    lines.lock().await.push(line.to_owned());
}

/// ```go
/// var wg sync.WaitGroup
/// wg.Go(sayHello)
/// wg.Wait()
/// ```
///
/// Without the group `main` would most likely return before anybody has said hello.
async fn hello() -> String {
    let said = Chan::new(1);
    let group = WaitGroup::new();
    // Go's `wg.Go`: it counts the goroutine, starts it, and takes it off again when it is over.
    group.go({
        let said = said.clone();
        async move {
            println!("hello");
            said.send("hello".to_owned()).await;
        }
    });
    group.wait().await;
    said.recv().await.unwrap_or_default()
}

/// ```go
/// salutation := "hello"
/// wg.Add(1)
/// go func() {
///     defer wg.Done()
///     salutation = "welcome"
/// }()
/// wg.Wait()
/// fmt.Println(salutation)
/// ```
///
/// Two goroutines use one variable, so it is one that can be shared.
async fn welcome() -> String {
    let group = WaitGroup::new();
    let salutation = Arc::new(Mutex::new("hello"));
    group.add(1);
    go!(clone(group, salutation), {
        defer!(group.done());
        *salutation.lock().await = "welcome";
    });
    group.wait().await;
    let salutation = *salutation.lock().await;
    println!("{salutation}");
    salutation.to_owned()
}

/// ```go
/// for _, salutation := range []string{"hello", "greetings", "good day"} {
///     wg.Add(1)
///     go func() {
///         defer wg.Done()
///         fmt.Println(salutation)
///     }()
/// }
/// wg.Wait()
/// ```
///
/// Before version 1.22 Go had one variable for the whole loop, and this printed "good day" three
/// times. Here each turn has its own, and the goroutine takes it along.
async fn captured_salutations() -> Vec<String> {
    let group = WaitGroup::new();
    let lines = Arc::new(Mutex::new(Vec::new()));
    for salutation in ["hello", "greetings", "good day"] {
        group.add(1);
        go!(clone(group, lines), {
            defer!(group.done());
            say(&lines, salutation).await;
        });
    }
    group.wait().await;
    std::mem::take(&mut *lines.lock().await)
}

/// ```go
///     go func(salutation string) {
///         defer wg.Done()
///         fmt.Println(salutation)
///     }(salutation)
/// ```
///
/// The remedy of those days: the variable is passed, and evaluated when the goroutine starts.
async fn passed_salutations() -> Vec<String> {
    let group = WaitGroup::new();
    let lines = Arc::new(Mutex::new(Vec::new()));
    for salutation in ["hello", "greetings", "good day"] {
        group.add(1);
        go!(clone(group, lines), |salutation: &'static str| {
            defer!(group.done());
            say(&lines, salutation).await;
        }(
            salutation
        ));
    }
    group.wait().await;
    std::mem::take(&mut *lines.lock().await)
}

/// ```go
/// wg.Add(1) // ✅ before the goroutine starts
/// go asyncDoSomething(wg)
/// wg.Wait()
/// ```
///
/// The wrong way calls `Add` in `asyncDoSomething`. A goroutine that has not run yet is not counted
/// then, and `Wait` returns at once if none has. Whoever starts the goroutine has to count it;
/// [`WaitGroup::go`] cannot be used the wrong way.
async fn counted_in_time() -> usize {
    #[defers]
    async fn do_something(group: WaitGroup, done: Arc<Mutex<usize>>) {
        defer!(group.done());
        *done.lock().await += 1;
    }
    let group = WaitGroup::new();
    let done = Arc::new(Mutex::new(0));
    for _ in 0..10 {
        group.add(1);
        go!(do_something(group.clone(), Arc::clone(&done)));
    }
    group.wait().await;
    let done = *done.lock().await;
    println!("{done} have done something");
    done
}
