use std::rc::Rc;

fn make() -> Rc<i32> {
    Rc::new(1)
}

fn main() {
    gort::spawn!(make());
}
