fn main() {
    gort::go!(local, local, y());
    gort::go!(on = a, on = b, y());
}
