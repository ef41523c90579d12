//! Arguments that are borrowed in the call.

use super::*;

async fn sum(items: &[u32], extra: &mut Vec<u32>) -> u32 {
    extra.push(1);
    std::future::ready(()).await;
    items.iter().sum::<u32>() + extra.iter().sum::<u32>()
}

#[gort::test]
async fn a_variable_borrowed_in_the_call_moves_into_the_goroutine() {
    let items = vec![1, 2];
    let mut extra = vec![3];
    assert_eq!(spawn!(sum(&items, &mut extra)).await.unwrap(), 7);
}

#[gort::test]
async fn a_borrowed_value_is_made_in_the_caller_and_owned_by_the_goroutine() {
    let caller = thread::current().id();
    let made_here = || {
        assert_eq!(thread::current().id(), caller);
        vec![1, 2, 3]
    };
    assert_eq!(
        spawn!(sum(&made_here()[1..], &mut Vec::new()))
            .await
            .unwrap(),
        6
    );
    assert_eq!(spawn!(sum(&[1, 2], &mut vec![4])).await.unwrap(), 8);
}

#[gort::test]
async fn fields_and_dereferenced_boxes_may_be_borrowed() {
    let pair = (vec![1], Box::new(vec![2]));
    let mut pair_of_extra = (Vec::new(), 0);
    assert_eq!(spawn!(sum(&pair.0, &mut pair_of_extra.0)).await.unwrap(), 2);
    assert_eq!(spawn!(sum(&(*pair.1)[..], &mut vec![])).await.unwrap(), 3);
}

#[gort::test]
async fn a_sync_function_may_borrow() {
    let text = String::from("abc");
    assert_eq!(spawn!(str::len(&text)).await.unwrap(), 3);
}
