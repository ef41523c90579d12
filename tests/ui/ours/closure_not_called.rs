fn main() {
    gort::go!(|x| { println!("{x}") });
    gort::spawn!(async move |x: u32, y| { x + y });
}
