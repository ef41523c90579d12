use gort::select;

#[gort::main]
async fn main() {
    let (tx, rx) = gort::chan(1);
    select! {
        case v = rx.recv() => {}
    }
    select! {
        v := rx.recv() => {}
    }
    select! {
        v = <-rx => {}
    }
    select! {
        v, ok = rx.recv() => {}
    }
    select! {
        tx <- 2 * 3 => {}
        rx.recv() => {}
    }
}
