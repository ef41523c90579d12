use gort::{defer, defers, recover};

#[defers]
fn parse(text: &str) -> u32 {
    defer!({
        recover();
    });
    text.parse().unwrap()
}

fn main() {
    parse("1");
}
