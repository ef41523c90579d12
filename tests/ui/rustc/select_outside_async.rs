use gort::select;

fn main() {
    let (_tx, rx) = gort::chan::<u32>(1);
    select! {
        rx.recv() => {}
    }
}
