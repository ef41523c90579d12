//! gort beside tokio, smol and Go.
fn main() {}
