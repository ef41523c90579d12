fn main() {
    gort::go!(|x, z| { println!("{x}{z}") }(1));
    gort::go!((|x| println!("{x}"))(1, 2));
    gort::go!((|| println!("x"))(1));
}
