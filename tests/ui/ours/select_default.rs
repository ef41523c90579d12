use gort::select;

fn main() {
    let (tx, rx) = gort::chan::<u32>(1);
    select! {
        rx.recv() => {}
        _ => {}
    }
    select! {
        tx.send(1) => {}
        else => {}
    }
    select! {
        rx.recv() => {}
        default => {}
        default => {}
    }
    select! {
        rx.recv() => {}
        default, if tx.is_empty() => {}
    }
}
