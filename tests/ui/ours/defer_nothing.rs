use gort::{defer, defers};

fn main() {
    defer!();
    defer!("text");
}

#[defers]
fn scope() {
    defer! {}
    if true {
        defer!(7);
    }
    defer!(main(), 2);
}
