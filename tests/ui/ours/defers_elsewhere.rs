use gort::{defer, defers};

#[defers]
const fn constant() {
    defer!(main());
}

#[defers]
struct Type;

#[defers(foo)]
fn argument() {
    defer!(main());
}

#[defers(crate = gort)]
fn with_path() {
    defer!(main());
}

trait Trait {
    #[defers]
    fn declared();
}

fn main() {}
