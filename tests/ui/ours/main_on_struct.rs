#[gort::main]
struct Server;

fn main() {}
