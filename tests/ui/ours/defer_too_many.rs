use gort::{defer, defers};

async fn close() {}

#[defers]
async fn thirteen() {
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
    defer!(close().await);
}

fn main() {
    drop(thirteen());
}
