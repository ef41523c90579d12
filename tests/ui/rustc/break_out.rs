fn main() {
    loop {
        gort::go!({
            break;
        });
    }
}
