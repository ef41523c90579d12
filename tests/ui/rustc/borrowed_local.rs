fn serve(_: &str) {}

fn main() {
    let local = String::new();
    gort::go!(serve(local.as_str()));
}
