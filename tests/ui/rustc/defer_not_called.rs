use gort::{defer, defers};

struct Conn {
    id: u32,
}

impl Conn {
    fn close(&mut self) {}
}

fn cleanup() {}

#[defers]
fn scope(conn: &mut Conn) {
    defer!(cleanup);
    defer!(conn.close);
    defer!(conn.id);
}

fn main() {
    defer!(cleanup);
    scope(&mut Conn { id: 1 });
}
