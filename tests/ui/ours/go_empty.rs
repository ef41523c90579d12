fn main() {
    gort::go!();
    let _: gort::task::JoinHandle<()> = gort::spawn!();
    gort::go!(on = pool,);
}
