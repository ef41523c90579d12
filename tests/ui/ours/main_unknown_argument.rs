#[gort::main(proc = 1)]
async fn main() {}
