fn main() {
    let tx = String::new();
    gort::go!(clone(tx.len()), drop(tx));
    gort::go!(clone(make().field), drop(field));
    gort::go!(clone(tx.0), drop(tx));
}
