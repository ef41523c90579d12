fn main() {
    gort::go!(nam = "x", onn = pool, 5);
    gort::go!(local, local, clone(self, tx.len(), 5), |x| { y(x) });
    let _h = gort::spawn!(on = a, on = b, local, nome = "c", |x, z| { y(x) }(1));
}

#[gort::test(proc = 2, procs = 0, colour)]
#[test]
fn test(x: u32) {}
