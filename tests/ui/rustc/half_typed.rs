struct Inner {
    field: u32,
}

fn main() {
    let inner = Inner { field: 1 };
    gort::go!(inner.);
    gort::go!({
        let n = inner.;
        n
    });
    gort::go!(std::mem::drop(inner.field +));
}
