fn take(_: u32) {}

async fn take_async(_: u32) {}

fn main() {
    gort::go!(take("x"));
    gort::go!(take());
    gort::go!(take_async("x"));
    let text = String::new();
    gort::go!(take(text));
}
