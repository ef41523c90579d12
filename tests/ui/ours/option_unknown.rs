fn main() {
    gort::go!(nam = "x", y());
    let _h = gort::spawn!(name = "x", y());
}
