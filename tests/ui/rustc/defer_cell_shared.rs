use gort::{defer, defers};
use std::cell::Cell;

async fn wait() {}

#[defers]
async fn shared() {
    let cell = Cell::new(1);
    defer!(wait().await);
    cell.set(2);
    wait().await;
    cell.set(3);
}

fn main() {
    gort::go!(shared());
}
