use gort::defer;

async fn close() {}

fn main() {
    defer!({ close().await });
    defer!(close().await);
    defer!(async move { close().await });
    defer!(|out| drop(out.panic().is_some()));
    defer!({
        gort::recover();
    });
}

#[gort::defers]
fn closures_have_guards() {
    let closure = || {
        defer!(|out| drop(out.panic().is_some()));
    };
    closure();
}
