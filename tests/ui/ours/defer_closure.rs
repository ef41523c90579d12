use gort::{defer, defers};

#[defers]
async fn scope() {
    defer!(|a, b| drop((a, b)));
    defer!(|a: u32, b: u32| { drop((a, b)) }(1));
    defer!(async { scope_end().await });
}

async fn scope_end() {}

fn main() {
    drop(scope());
}
