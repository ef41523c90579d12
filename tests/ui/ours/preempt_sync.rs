//! A checkpoint is an await, so it needs an async function.

#[gort::preempt]
fn count() -> u32 {
    let mut n = 0;
    while n < 10 {
        n += 1;
    }
    n
}

fn main() {
    count();
}
