use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan(1);
    let text = String::from("sent or not");
    // The value to be sent is evaluated, and so moved, whether the case wins or not.
    select! {
        tx.send(text) => {}
        rx.recv() => drop(text),
    }
}
