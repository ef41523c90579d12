fn main() {
    gort::go!(on = 5_u32, drop(1));
}
