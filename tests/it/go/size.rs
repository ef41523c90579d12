//! The futures that the macros make are no larger than they must be.

use super::*;

async fn work(data: [u64; 8], n: u64) -> u64 {
    std::future::ready(()).await;
    data[0] + n
}

fn size<T>(value: &T) -> usize {
    size_of_val(value)
}

#[test]
fn a_call_of_an_async_function_is_no_larger_than_its_own_future() {
    let data = [1_u64; 8];
    let own = work(data, 1);
    let through_go = spawn!(on = Spy, work(data, move(1)));
    assert_eq!(size(&through_go), size(&own));
    assert_eq!(block_on(through_go), 2);
}

#[test]
fn go_starts_a_future_as_large_as_the_functions_own() {
    /// Tells the size of what it is to run.
    struct Scales(std::cell::Cell<usize>);
    impl Scales {
        fn go<F: Future>(&self, future: F) {
            self.0.set(size(&future));
        }
    }
    let data = [1_u64; 8];
    let scales = Scales(std::cell::Cell::new(0));
    go!(on = scales, work(data, 1));
    assert_eq!(scales.0.get(), size(&work(data, 1)));
    let n = 1;
    go!(on = scales, clone(n), work(data, n));
    assert_eq!(scales.0.get(), size(&work(data, 1)));
    go!(on = scales, { work(data, n).await });
    assert_eq!(scales.0.get(), size(&async move { work(data, n).await }));
}

#[test]
fn a_call_of_a_sync_function_is_its_arguments_and_a_state() {
    fn work(data: [u64; 8], n: u64) -> u64 {
        data[0] + n
    }
    let data = [1_u64; 8];
    let n = 1;
    let future = spawn!(on = Spy, work(data, n));
    assert!(size(&future) <= 9 * 8 + 8, "{}", size(&future));
    assert_eq!(block_on(future), 2);
}

#[test]
fn a_method_call_is_its_operands_and_the_awaited_future() {
    struct Data([u64; 8]);
    impl Data {
        async fn work(&self, n: u64) -> u64 {
            std::future::ready(()).await;
            self.0[0] + n
        }
    }
    let own = size(&Data([1; 8]).work(1));
    let data = Data([1; 8]);
    let n = 1;
    let future = spawn!(on = Spy, data.work(n));
    // The operands, the method's future, a state; nothing twice.
    assert!(
        size(&future) <= 9 * 8 + own + 8,
        "{} around {own}",
        size(&future)
    );
    assert_eq!(block_on(future), 2);
}

#[test]
fn a_block_is_the_async_block_that_one_would_write() {
    let data = [1_u64; 8];
    let own = async move { work(data, 1).await };
    let through_go = spawn!(on = Spy, { work(data, 1).await });
    assert_eq!(size(&through_go), size(&own));
    assert_eq!(block_on(async { own.await + through_go.await }), 4);
}
