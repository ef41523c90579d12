#[gort::test]
fn not_async() {}

#[gort::test]
async fn arguments(count: u32) {
    println!("{count}");
}

#[gort::test]
#[test]
async fn tested_twice() {}

#[gort::test(local)]
async fn unknown_argument() {}

fn main() {}
