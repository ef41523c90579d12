use gort::{defer, defers};

struct Conn;

impl Conn {
    fn write(&mut self) {}
    fn close(&mut self) {}
}

#[defers]
fn nested() {
    let mut conn = Conn;
    if true {
        defer!(conn.close());
    }
    conn.write();
}

fn main() {
    nested();
}
