use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan(1);
    select! {
        v = rx.recv()
    }
    select! {
        v = rx.recv() -> drop(v),
    }
    select! {
        v = rx.recv(), drop(v),
    }
    select! {
        tx.send(1), if true
    }
    select! {
        rx.recv() if tx.is_empty() => {}
    }
}
