//! Calls: which callees there are, and which are awaited.

use super::*;

#[gort::test]
async fn sync_and_async_functions_give_their_result() {
    assert_eq!(spawn!(double(4)).await.unwrap(), 8);
    assert_eq!(spawn!(triple(4)).await.unwrap(), 12);
    assert_eq!(spawn!(boxed(4)).await.unwrap(), 12);
    assert_eq!(spawn!(opaque(4)).await.unwrap(), 12);
}

#[gort::test]
async fn closures_constructors_and_paths_are_functions_too() {
    let add = |a: u32, b: u32| a + b;
    let later = async |n: u32| n + 1;
    assert_eq!(spawn!(add(1, 2)).await.unwrap(), 3);
    assert_eq!(spawn!(later(1)).await.unwrap(), 2);
    assert_eq!(spawn!(Some(5)).await.unwrap(), Some(5));
    let Pair(n, text) = spawn!(Pair::<&str>(7, "x")).await.unwrap();
    assert_eq!((n, text), (7, "x"));
    assert_eq!(spawn!(Worker::new(9)).await.unwrap().base, 9);
    assert_eq!(
        spawn!(u32::from_str_radix("ff", 16)).await.unwrap(),
        Ok(255)
    );
}

#[gort::test]
async fn a_callee_that_is_a_field_is_evaluated_in_the_caller() {
    struct Handler<F> {
        run: F,
    }
    let handler = Handler {
        run: |n: u32| n + 1,
    };
    assert_eq!(spawn!((handler.run)(1)).await.unwrap(), 2);
    let mut total = 1;
    let counter = Handler {
        run: move |n: u32| {
            total += n;
            total
        },
    };
    assert_eq!(spawn!((counter.run)(1)).await.unwrap(), 2);
}

#[gort::test]
async fn generic_functions_and_methods_start_generic_calls() {
    async fn map<T, U, F, R>(value: T, f: F) -> U
    where
        F: FnOnce(T) -> R,
        R: Future<Output = U>,
    {
        f(value).await
    }
    fn start<T: Send + 'static>(value: T) -> gort::task::JoinHandle<T> {
        spawn!(std::convert::identity(value))
    }
    assert_eq!(spawn!(map(3, triple)).await.unwrap(), 9);
    assert_eq!(
        spawn!(map::<u32, u32, _, _>(3, |n| triple(n + 1)))
            .await
            .unwrap(),
        12
    );
    assert_eq!(start("x").await.unwrap(), "x");
}

#[gort::test]
async fn trait_methods_that_return_futures_are_awaited() {
    trait Fetch {
        fn fetch(&self, n: u32) -> impl Future<Output = u32> + Send;
    }
    impl Fetch for Worker {
        async fn fetch(&self, n: u32) -> u32 {
            self.add_async(n).await
        }
    }
    assert_eq!(spawn!(Worker::new(1).fetch(2)).await.unwrap(), 7);
    async fn through<W: Fetch + Send + Sync + 'static>(w: W) -> u32 {
        spawn!(w.fetch(2)).await.unwrap()
    }
    assert_eq!(through(Worker::new(2)).await, 8);
}

#[test]
fn a_value_that_need_not_be_a_future_is_not_awaited() {
    fn start<T: Send + 'static>(value: T) -> T {
        fn same<T>(value: T) -> T {
            value
        }
        block_on(spawn!(on = Spy, same(value)))
    }
    assert_eq!(block_on(start(triple(1))), 3);
}

#[test]
fn into_future_callees_are_awaited() {
    struct Request(u32);
    impl IntoFuture for Request {
        type Output = u32;
        type IntoFuture = std::future::Ready<u32>;
        fn into_future(self) -> Self::IntoFuture {
            std::future::ready(self.0)
        }
    }
    fn request(n: u32) -> Request {
        Request(n)
    }
    assert_eq!(block_on(spawn!(on = Spy, request(3))), 3);
    let later = request(4);
    assert_eq!(block_on(spawn!(on = Spy, later)), 4);
}
