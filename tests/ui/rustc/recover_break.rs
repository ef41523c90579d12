use gort::recover;

fn main() {
    loop {
        let _ = recover!({ break; });
    }
}
