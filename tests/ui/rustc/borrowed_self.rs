struct Worker;

impl Worker {
    fn run(&self, _: u32) {}

    fn start(&self) {
        gort::go!(self.run(1));
    }
}

fn main() {
    Worker.start();
}
