use gort::{defer, defers};
use std::rc::Rc;

#[defers]
async fn nested() {
    let shared = Rc::new(1);
    for _ in 0..2 {
        defer!(clone(shared), drop(shared));
    }
}

fn main() {
    gort::go!(nested());
}
