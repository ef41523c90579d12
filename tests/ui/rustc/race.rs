//! The first race of every Go course: two goroutines, one variable, no lock.

#[gort::main]
async fn main() {
    let mut shared_data = 0;
    let data = &mut shared_data;
    gort::go!({
        *data += 1;
    });
    if shared_data == 0 {
        println!("Data is {shared_data}");
    }

    let shared_data = String::from("hello");
    gort::go!({ drop(shared_data + ", welcome") });
    println!("Data is {shared_data}");
}
