//! Method calls.

use super::*;

#[gort::test]
async fn the_receiver_moves_into_the_goroutine() {
    let worker = Worker::new(1);
    assert_eq!(spawn!(worker.add(2)).await.unwrap(), 3);
    let worker = Worker::new(1);
    assert_eq!(spawn!(worker.add_async(2)).await.unwrap(), 7);
    let worker = Worker::new(1);
    assert_eq!(spawn!(worker.count()).await.unwrap(), 1);
    let worker = Worker::new(5);
    assert_eq!(spawn!(worker.into_base()).await.unwrap(), 5);
    let worker = Arc::new(Worker::new(1));
    assert_eq!(spawn!(worker.clone().shared()).await.unwrap(), 2);
}

#[test]
fn the_receiver_is_evaluated_in_the_caller_before_the_arguments() {
    let log = RefCell::new(Vec::new());
    let say = |n: u32| {
        log.borrow_mut().push(n);
        n
    };
    let future = spawn!(on = Spy, Worker::new(say(1)).add(say(2)));
    assert_eq!(*log.borrow(), [1, 2]);
    assert_eq!(block_on(future), 3);
}

#[gort::test]
async fn literals_borrows_and_statics_are_receivers() {
    static WORKER: Worker = Worker { base: 4, calls: 0 };
    assert_eq!(spawn!(5_u32.pow(2)).await.unwrap(), 25);
    assert_eq!(spawn!((-5_i32).abs()).await.unwrap(), 5);
    assert_eq!(spawn!("abc".len()).await.unwrap(), 3);
    assert_eq!(spawn!(WORKER.add_async(1)).await.unwrap(), 7);
    let worker = Worker::new(1);
    assert_eq!(spawn!((&worker).add(2)).await.unwrap(), 3);
}

#[gort::test]
async fn self_is_a_receiver() {
    struct Counter(u32);
    impl Counter {
        fn next(&self) -> u32 {
            self.0 + 1
        }
        fn start(self: Arc<Self>) -> gort::task::JoinHandle<u32> {
            spawn!(self.next())
        }
    }
    assert_eq!(Arc::new(Counter(1)).start().await.unwrap(), 2);
}
