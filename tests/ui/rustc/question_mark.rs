fn main() {
    let text = String::from("1");
    gort::go!({
        let _n: i32 = text.parse()?;
        Ok(())
    });
}
