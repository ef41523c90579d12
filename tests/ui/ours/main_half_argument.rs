#[gort::main(procs = )]
async fn main() {}
