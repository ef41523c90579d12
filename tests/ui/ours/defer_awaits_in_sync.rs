use gort::{defer, defers, recover};

async fn close() {}

#[defers]
fn scope() {
    defer!({ close().await });
    defer!(async move { close().await });
    for _ in 0..2 {
        defer!(close().await);
    }
}

fn main() {
    let _ = recover!({
        defer!({ close().await });
    });
    scope();
}
