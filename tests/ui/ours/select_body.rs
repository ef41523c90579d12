use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan(1);
    select! {
        v = rx.recv() => drop::<Option<u32>>(v)
        tx.send(1) => {}
    }
    select! {
        v = rx.recv() =>
    }
    select! {
        v = rx.recv() =>,
        tx.send(1) => {}
    }
    select! {
        biased, rx.recv() => {}
    }
}
