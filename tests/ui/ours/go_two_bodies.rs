fn worker(_: u32) {}

fn main() {
    gort::go!(worker, 5);
    gort::go!(worker(5), worker(6));
}
