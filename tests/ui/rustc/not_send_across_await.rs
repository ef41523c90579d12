use std::rc::Rc;

fn main() {
    gort::go!({
        let rc = Rc::new(1);
        std::future::ready(()).await;
        println!("{rc}");
    });
}
