fn main() {
    gort::go!(5);
}
