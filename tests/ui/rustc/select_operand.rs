use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan::<u32>(1);
    select! {
        v = 5 => drop(v),
        rx => {}
        tx.try_send(1) => {}
    }
}
