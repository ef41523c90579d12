use gort::defer;

struct Conn;

impl Conn {
    fn write(&mut self) {}
    fn close(&mut self) {}
}

fn main() {
    let mut conn = Conn;
    defer!(conn.close());
    conn.write();
}
