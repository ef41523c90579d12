use gort::{defer, defers};

#[defers]
fn scope() {
    #[cfg(unix)]
    defer!(main());
}

fn main() {
    scope();
}
