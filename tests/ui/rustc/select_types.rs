use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan::<u32>(1);
    // The value, the pattern, the guard and the body are of the wrong type.
    select! {
        tx.send("text") => {}
        (a, b) = rx.recv() => drop::<(u32, u32)>((a, b)),
    }
    select! {
        rx.recv(), if tx.len() => {}
    }
    let _n: u32 = select! {
        n = rx.recv() => n,
        default => 0,
    };
}
