use gort::recover;

async fn wait() {}

fn main() {
    let _ = recover! { wait().await; };
}
