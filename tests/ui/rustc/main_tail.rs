#[gort::main]
async fn main() {
    5
}
