#[gort::main]
fn main() {
    let _checked: u32 = 1;
}
