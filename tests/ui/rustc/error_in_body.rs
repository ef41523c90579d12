fn main() {
    gort::go!({
        let n: u32 = "x";
    });
    gort::go!(|s: String| { s.missing() }(String::new()));
    gort::spawn!(|| -> u32 { "x" });
    gort::go!(missing(1));
}
