#![allow(unused)]

use gort::{defer, defers, go};

macro_rules! both {
    ($first:expr, $second:expr) => {
        ($first, $second)
    };
}

#[defers]
fn sync() -> (i32, i32) {
    both!(
        {
            defer!(main());
            1
        },
        2
    )
}

#[defers]
async fn asynchronous() {
    defer!(main());
    let _ = both!(1, { defer!(main()); });
}

mod tokio {
    macro_rules! select {
        ($($arms:tt)*) => {};
    }
    pub(crate) use select;
}

fn main() {
    go! {
        tokio::select! {
            _ = asynchronous() => {
                defer!(sync());
            }
        }
    }
}
