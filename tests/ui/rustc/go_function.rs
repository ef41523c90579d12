fn worker(_: i32) {}

fn main() {
    gort::go!(worker);
}
