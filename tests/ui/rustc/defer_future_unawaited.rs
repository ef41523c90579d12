use gort::{defer, defers};

async fn close() {}

#[defers]
fn scope() {
    defer!(close());
}

#[defers]
async fn chain() {
    defer!(Some(()).map(|()| close()).unwrap());
}

fn main() {
    defer!(close());
    scope();
    drop(chain());
}
