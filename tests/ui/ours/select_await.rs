use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan(1);
    select! {
        v = rx.recv().await => drop(v),
        tx.send(1).await => {}
    }
}
