//! Blocks, and other code that is no call.

use super::*;

#[gort::test]
async fn all_spellings_of_a_block_run() {
    let n = 1;
    assert_eq!(spawn!({ triple(n).await }).await.unwrap(), 3);
    assert_eq!(spawn!(async { triple(n).await }).await.unwrap(), 3);
    assert_eq!(spawn!(async move { triple(n).await }).await.unwrap(), 3);
    assert_eq!(spawn!(triple(n).await).await.unwrap(), 3);
    assert_eq!(spawn! { let m = n + 1; triple(m).await }.await.unwrap(), 6);
    assert_eq!(
        spawn!(if n == 1 { "one" } else { "more" }).await.unwrap(),
        "one"
    );
    assert_eq!(
        spawn!(loop {
            if n == 1 {
                break triple(n).await;
            }
        })
        .await
        .unwrap(),
        3
    );
    assert_eq!(spawn!(format!("{n}")).await.unwrap(), "1");
    assert_eq!(spawn!(n as u64 + 1).await.unwrap(), 2);
    assert_eq!(
        spawn!('found: {
            if n == 1 {
                break 'found 5;
            }
            6
        })
        .await
        .unwrap(),
        5
    );
}

#[test]
fn a_block_runs_in_the_goroutine() {
    let log = RefCell::new(Vec::new());
    let say = &log;
    let future = spawn!(on = Spy, {
        say.borrow_mut().push(1);
    });
    assert!(log.borrow().is_empty());
    block_on(future);
    assert_eq!(*log.borrow(), [1]);
}

#[gort::test]
async fn return_and_question_mark_leave_the_goroutine() {
    let h = spawn!({
        if double(1) == 2 {
            return 1;
        }
        2
    });
    assert_eq!(h.await.unwrap(), 1);
    let h = spawn!({
        let n: u32 = "x".parse()?;
        Ok::<u32, std::num::ParseIntError>(n)
    });
    assert!(h.await.unwrap().is_err());
}

#[gort::test]
async fn a_future_that_exists_is_run() {
    let future = triple(3);
    assert_eq!(spawn!(future).await.unwrap(), 9);
    let held = Pair(1, triple(4));
    assert_eq!(spawn!(held.1).await.unwrap(), 12);
}

#[gort::test]
async fn a_panic_arrives_at_the_handle() {
    assert!(
        spawn!({ std::panic::resume_unwind(Box::new("quiet")) })
            .await
            .is_err()
    );
}
