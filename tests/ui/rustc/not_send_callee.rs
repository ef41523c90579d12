use std::rc::Rc;

async fn work(n: i32) {
    let rc = Rc::new(n);
    std::future::ready(()).await;
    println!("{rc}");
}

fn main() {
    gort::go!(work(1));
}
