fn main() {
    gort::go!(local, on = pool, y());
}
