use std::rc::Rc;

#[gort::main]
async fn main() {
    let rc = Rc::new(1);
    std::future::ready(()).await;
    println!("{rc}");
}
