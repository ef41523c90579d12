fn work(_: String) {}

fn main() {
    let tx = String::new();
    gort::go!(work(tx));
    println!("{tx}");
    let rx = String::new();
    gort::go!({ work(rx) });
    println!("{rx}");
}
