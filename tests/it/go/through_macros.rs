//! Input that comes from other macros, and names that could clash.

use super::*;

macro_rules! start_expr {
    ($call:expr) => {
        spawn!(on = Spy, $call)
    };
}
macro_rules! start_block {
    ($body:block) => {
        spawn!(on = Spy, $body)
    };
}
macro_rules! start_parts {
    ($function:ident($($argument:expr),*)) => {
        spawn!(on = Spy, $function($($argument),*))
    };
}
macro_rules! start_method {
    ($receiver:expr, $method:ident, $argument:expr) => {
        spawn!(on = Spy, $receiver.$method($argument))
    };
}

#[test]
fn fragments_are_looked_into() {
    let log = RefCell::new(Vec::new());
    let say = |n: u32| {
        log.borrow_mut().push(n);
        n
    };
    let call = start_expr!(triple(say(1)));
    let parts = start_parts!(double(say(2)));
    let method = start_method!(Worker::new(say(3)), add, say(4));
    assert_eq!(*log.borrow(), [1, 2, 3, 4], "evaluated in the caller");
    assert_eq!(block_on(call), 3);
    assert_eq!(block_on(parts), 4);
    assert_eq!(block_on(method), 7);
    assert_eq!(block_on(start_block!({ triple(2).await })), 6);
    assert_eq!(block_on(start_expr!({ triple(3).await })), 9);
}

#[test]
fn hidden_names_do_not_clash_with_the_users() {
    let (argument_0, argument_1, call, kind, result, moved_0) = (1, 2, 3, 4, 5, 6);
    fn list(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32) -> [u32; 6] {
        [a, b, c, d, e, f]
    }
    let future = spawn!(on = Spy, list(
        argument_1, argument_0, kind, call, moved_0, move(result)
    ));
    assert_eq!(block_on(future), [2, 1, 4, 3, 6, 5]);
    assert_eq!(block_on(spawn!(on = Spy, { result + move(moved_0) })), 11);
}
