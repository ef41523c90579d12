use gort::context::{
    Cancel, Context, ContextError, background, cause, with_cancel, with_value, without_cancel,
};
use gort_tests::{Counts, PROCS, Seeded, on_goroutine, quietly};
use std::future::Future;
use std::sync::Arc;
use std::task::{self, Wake, Waker};
use std::thread;

fn is_canceled(context: &Context) -> bool {
    context.err() == Some(ContextError::Canceled)
}

#[test]
fn contexts_and_handles_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Context>();
    both::<Cancel>();
}

#[test]
fn the_root_is_never_done() {
    assert_eq!(background().err(), None);
    assert_eq!(background().deadline(), None);
    assert!(cause(&background()).is_none());
}

#[test]
fn when_cancel_returns_everything_derived_is_cancelled_and_nothing_else() {
    let (root, cancel_root) = with_cancel(&background());
    let (left, cancel_left) = with_cancel(&root);
    let (right, _cancel_right) = with_cancel(&with_value(&root, 7));
    let (leaf, _cancel_leaf) = with_cancel(&left);
    cancel_left.cancel();
    assert!(is_canceled(&left) && is_canceled(&leaf));
    assert!(root.err().is_none() && right.err().is_none());
    cancel_root.cancel();
    assert!(is_canceled(&root) && is_canceled(&right));
}

#[test]
fn what_is_derived_from_a_cancelled_context_is_done_at_once_with_its_cause() {
    let (root, cancel) = with_cancel(&background());
    cancel.cancel_with("the disk is full");
    let (late, _cancel) = with_cancel(&root);
    assert!(is_canceled(&late));
    assert_eq!(cause(&late).unwrap().to_string(), "the disk is full");
}

#[test]
fn the_first_cancellation_counts() {
    let (root, cancel_root) = with_cancel(&background());
    let (child, cancel_child) = with_cancel(&root);
    cancel_child.cancel_with("first");
    cancel_root.cancel_with("second");
    cancel_child.cancel_with("third");
    assert_eq!(cause(&child).unwrap().to_string(), "first");
    assert_eq!(cause(&root).unwrap().to_string(), "second");
}

#[test]
fn without_a_cause_the_error_is_the_cause() {
    let (root, cancel) = with_cancel(&background());
    let (child, _cancel) = with_cancel(&root);
    assert!(cause(&child).is_none());
    cancel.cancel();
    assert_eq!(cause(&child).unwrap().to_string(), "context canceled");
    assert!(cause(&child).unwrap().is::<ContextError>());
}

#[test]
fn without_cancel_outlives_its_parent() {
    let (root, cancel) = with_cancel(&with_value(&background(), "kept"));
    let audit = without_cancel(&root);
    let (part, cancel_part) = with_cancel(&audit);
    cancel.cancel();
    assert_eq!((audit.err(), part.err()), (None, None));
    assert_eq!(part.value::<&str>(), Some(&"kept"));
    assert!(cause(&audit).is_none());
    cancel_part.cancel();
    assert!(is_canceled(&part));
}

#[test]
fn dropping_the_handle_cancels_nothing() {
    let (context, cancel) = with_cancel(&background());
    drop(cancel);
    assert_eq!(context.err(), None);
}

#[test]
fn a_chain_of_which_only_the_ends_are_held_is_cancelled() {
    let (root, cancel) = with_cancel(&background());
    let mut leaf = root.clone();
    for _ in 0..1000 {
        leaf = with_cancel(&leaf).0;
    }
    drop(root);
    cancel.cancel();
    assert!(is_canceled(&leaf));
}

#[test]
fn chains_of_any_length_are_made_cancelled_and_freed_on_a_small_stack() {
    let thread = thread::Builder::new().stack_size(64 * 1024);
    let chains = thread.spawn(|| {
        let (mut leaf, cancel) = with_cancel(&background());
        let mut valued = background();
        for n in 0..200_000 {
            leaf = with_cancel(&leaf).0;
            valued = with_value(&valued, n);
        }
        let below = with_cancel(&leaf).0;
        cancel.cancel();
        assert!(is_canceled(&below));
        drop((below, leaf, valued));
    });
    chains.unwrap().join().unwrap();
}

#[test]
fn contexts_that_are_gone_leave_nothing_with_their_parent() {
    let counts = Counts::new();
    let (root, cancel) = with_cancel(&background());
    for _ in 0..100 {
        let derived: Vec<_> = (0..10)
            .map(|_| with_cancel(&with_value(&root, counts.token())))
            .collect();
        derived[3].1.cancel();
        drop(derived);
    }
    assert_eq!((counts.made(), counts.live()), (1000, 0));
    cancel.cancel();
}

#[test]
fn a_storm_of_derivations_and_a_cancellation_leaves_nobody_out() {
    on_goroutine(&PROCS, || async {
        let seed = Seeded::fresh();
        for round in 0..30 {
            let (root, cancel) = with_cancel(&background());
            let derive = |n: u64| {
                let (mut rng, root) = (seed.fork(round * 100 + n), root.clone());
                gort::spawn(async move {
                    let mut contexts = vec![root];
                    for _ in 0..50 {
                        let parent = rng.below(contexts.len() as u64) as usize;
                        let (context, cancel) = with_cancel(&contexts[parent]);
                        contexts.push(context);
                        match rng.below(8) {
                            0 => cancel.cancel(),
                            1 if contexts.len() > 2 => drop(contexts.swap_remove(parent.max(1))),
                            2 => gort::yield_now().await,
                            _ => {}
                        }
                    }
                    contexts
                })
            };
            let deriving: Vec<_> = (0..8).map(derive).collect();
            gort::yield_now().await;
            let cancel = Arc::new(cancel);
            let cancels = Arc::clone(&cancel);
            gort::spawn(async move { cancels.cancel() }).await.unwrap();
            for contexts in deriving {
                assert!(contexts.await.unwrap().iter().all(is_canceled));
            }
        }
    });
}

#[test]
fn of_two_who_cancel_neither_returns_before_everything_derived_is_done() {
    for _ in 0..300 {
        let (root, cancel) = with_cancel(&background());
        let mut leaves = vec![root];
        for n in 0..60 {
            leaves.push(with_cancel(&leaves[n / 2]).0);
        }
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    cancel.cancel();
                    assert!(leaves.iter().rev().all(is_canceled));
                });
            }
        });
    }
}

#[test]
fn wakers_that_panic_keep_nobody_from_being_woken() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("expected: a waker panics");
        }
    }
    let (context, cancel) = with_cancel(&background());
    let (child, _cancel) = with_cancel(&context);
    let panics = Waker::from(Arc::new(Panics));
    let counts = Counts::new();
    let mut waits: Vec<_> = [&context, &context, &child]
        .map(|context| Box::pin(context.done()))
        .into();
    for (wait, waker) in waits.iter_mut().zip([&panics, &counts.waker(), &panics]) {
        assert!(
            wait.as_mut()
                .poll(&mut task::Context::from_waker(waker))
                .is_pending()
        );
    }
    quietly(|| cancel.cancel());
    assert_eq!(counts.wakes(), 1);
    assert!(is_canceled(&child));
}
