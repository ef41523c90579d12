use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan::<u32>(1);
    select! {
        v = rx. => drop::<Option<u32>>(v),
        tx.send(1) => {}
    }
    select! {
        v = rx.recv() => { v.; },
    }
}
