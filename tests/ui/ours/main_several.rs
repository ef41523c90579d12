#[gort::main(proc = 1, procs = 0, time = "1s")]
fn main(x: u32) {}
