//! Closures in place of a function, as in Go's `go func(s string) { .. }(x)`.

use super::*;

#[test]
fn parameters_are_set_in_the_caller() {
    let log = RefCell::new(Vec::new());
    let say = |n: u32| {
        log.borrow_mut().push(n);
        n
    };
    let (a, b) = (1, 2);
    let future = spawn!(on = Spy, |a, b: u32| { a * 10 + b }(say(b), say(a)));
    assert_eq!(*log.borrow(), [2, 1]);
    assert_eq!(block_on(future), 21);
}

#[gort::test]
async fn all_spellings_of_a_called_closure_run() {
    let text = String::from("ab");
    assert_eq!(
        spawn!(|s: String| { s.len() }(text.clone())).await.unwrap(),
        2
    );
    assert_eq!(
        spawn!((|s: String| s.len())(text.clone())).await.unwrap(),
        2
    );
    assert_eq!(
        spawn!((async |s: String| triple(s.len() as u32).await)(text))
            .await
            .unwrap(),
        6
    );
    assert_eq!(
        spawn!((async move |s: &'static str| { s.len() })("abc"))
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        spawn!(|(a, mut b): (u32, u32)| -> u32 {
            b += 1;
            a + b
        }((1, 2)))
        .await
        .unwrap(),
        4
    );
}

#[gort::test]
async fn the_result_type_of_a_closure_is_the_goroutines() {
    let parse = spawn!(|text: &'static str| -> Result<
        u32,
        Box<dyn std::error::Error + Send + Sync>,
    > {
        let n: u32 = text.parse()?;
        if n > 9 {
            return Err("too large".into());
        }
        Ok(n)
    }("12"));
    assert_eq!(parse.await.unwrap().unwrap_err().to_string(), "too large");
    let boxed = spawn!(|| -> Option<Box<dyn std::fmt::Debug + Send>> { Some(Box::new(1)) });
    assert_eq!(format!("{:?}", boxed.await.unwrap()), "Some(1)");
}

#[gort::test]
async fn a_closure_without_parameters_is_a_block() {
    assert_eq!(spawn!(|| 1).await.unwrap(), 1);
    assert_eq!(spawn!(move || { 2 }).await.unwrap(), 2);
    assert_eq!(spawn!(async || triple(1).await).await.unwrap(), 3);
    assert_eq!(spawn!(async move || { triple(2).await }).await.unwrap(), 6);
    assert_eq!(spawn!(|| { 4 }()).await.unwrap(), 4);
}
