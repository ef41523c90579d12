#[gort::main]
async fn main() -> Result<(), std::fmt::Error> {
    println!("x");
}
