use gort::select;

#[gort::main]
async fn main() {
    let (_tx, rx) = gort::chan::<u32>(1);
    select! {
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {}
        rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv() => {} rx.recv(), if true => {}
    }
}
