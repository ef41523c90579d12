//! `clone(..)` and `move(..)`.

use super::*;

#[gort::test]
async fn clone_leaves_the_original_to_the_caller() {
    struct Held {
        name: String,
    }
    let text = String::from("abc");
    let held = Held {
        name: String::from("de"),
    };
    let h = spawn!(clone(text, held.name, more = text), {
        text.push('!');
        text.len() + name.len() + more.len()
    });
    assert_eq!(h.await.unwrap(), 4 + 2 + 3);
    assert_eq!((text.len(), held.name.len()), (3, 2));
}

#[gort::test]
async fn clone_clones_what_a_reference_refers_to() {
    fn start(text: &Arc<str>) -> gort::task::JoinHandle<usize> {
        spawn!(clone(text), { text.len() })
    }
    assert_eq!(start(&Arc::from("abc")).await.unwrap(), 3);
}

#[gort::test]
async fn clone_takes_any_expression_under_a_name() {
    let (a, b) = (1, 2);
    assert_eq!(spawn!(clone(sum = a + b), double(sum)).await.unwrap(), 6);
    let this = Arc::new(Worker::new(1));
    assert_eq!(spawn!(clone(this), this.add(1)).await.unwrap(), 2);
    assert_eq!(this.base, 1);
}

#[test]
fn move_is_evaluated_in_the_caller_wherever_it_stands() {
    let log = RefCell::new(Vec::new());
    let say = |n: u32| {
        log.borrow_mut().push(n);
        n
    };
    let (first, second) = (1, 2);
    let future = spawn!(on = Spy, {
        let list = (move(say(first)), 10);
        format!("{} {}", list.0 + list.1, move(say(second)))
    });
    assert_eq!(*log.borrow(), [1, 2]);
    assert_eq!(block_on(future), "11 2");
}

#[test]
fn move_nests_and_keeps_its_order_among_arguments() {
    let log = RefCell::new(Vec::new());
    let say = |n: u32| {
        log.borrow_mut().push(n);
        n
    };
    fn list(a: u32, b: impl Fn() -> u32, c: u32) -> [u32; 3] {
        [a, b(), c]
    }
    let future = spawn!(on = Spy, list(say(1), || move(say(2) + move(say(3))), say(4)));
    assert_eq!(*log.borrow(), [1, 3, 2, 4]);
    assert_eq!(block_on(future), [1, 5, 4]);
}

#[gort::test]
async fn a_move_in_a_nested_go_belongs_to_the_inner_one() {
    use gort::task::goid;
    let outer = goid();
    let inner = spawn!({
        let here = goid();
        assert!(here != outer);
        spawn!({ move(goid()) == here }).await.unwrap()
    });
    assert!(inner.await.unwrap());
}
