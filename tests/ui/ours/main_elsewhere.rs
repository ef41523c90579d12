#[gort::main]
async fn run() {}

fn main() {}
