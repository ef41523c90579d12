use gort::{defer, defers};

#[defers]
fn scope() -> u32 {
    defer!(missing());
    defer!({ let n: u32 = "text"; });
    "tail"
}

#[defers]
async fn waits() -> u32 {
    defer!(missing());
    let n: u32 = "text";
    "tail"
}

fn main() {
    scope();
}
