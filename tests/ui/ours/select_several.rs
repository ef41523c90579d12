use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan(1);
    select! {
        Some(v) = rx.recv() => drop::<u32>(v),
        tx.send(1).await => {}
        _ => {}
        default => {}
        default => {}
    }
}
