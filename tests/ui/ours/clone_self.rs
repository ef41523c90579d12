struct Worker;

impl Worker {
    fn start(&self) {
        gort::go!(clone(self), self.run());
    }
    fn run(&self) {}
}

fn main() {
    Worker.start();
}
