use gort::{defer, defers};

struct Conn {
    field: u32,
}

#[defers]
fn scope(conn: Conn) {
    defer!(conn.);
    drop(conn.field);
}

fn main() {
    scope(Conn { field: 1 });
}
