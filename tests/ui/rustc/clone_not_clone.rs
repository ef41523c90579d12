struct Once;

fn main() {
    let once = Once;
    gort::go!(clone(once), drop(once));
}
