use std::rc::Rc;

fn print(rc: Rc<i32>) {
    println!("{rc}");
}

fn main() {
    let rc = Rc::new(1);
    gort::go!(print(rc));
}
