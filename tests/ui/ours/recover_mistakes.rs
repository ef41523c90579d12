use gort::recover;

fn main() {
    let _ = recover!();
    let _ = recover!(|x: u32| x);
}
