fn main() {
    gort::go!(nam = "x", y());
    let _h = gort::spawn!(nome = "x", y());
}
