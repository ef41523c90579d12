//! Work that is divided until it is small, and joined again: Fibonacci numbers, and a merge sort.

use crate::rival::Rival;

/// The number whose Fibonacci number is computed.
const N: u32 = 32;
/// From here on down a task computes alone.
const ALONE: u32 = 14;
/// The Fibonacci number of `N`.
const FIB: u64 = 2_178_309;
/// So many tasks that takes.
const FIB_TASKS: u64 = 13_529;

/// An operation is a task.
pub(crate) async fn fib<R: Rival>() -> u64 {
    assert_eq!(R::join(go_fib::<R>(N)).await, FIB);
    FIB_TASKS
}

fn go_fib<R: Rival>(n: u32) -> R::JoinHandle<u64> {
    R::spawn(async move {
        if n <= ALONE {
            return fib_alone(n);
        }
        let (one, two) = (go_fib::<R>(n - 1), go_fib::<R>(n - 2));
        R::join(one).await + R::join(two).await
    })
}

fn fib_alone(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    fib_alone(n - 1) + fib_alone(n - 2)
}

const NUMBERS: usize = 2_000_000;
/// So many numbers a task sorts alone.
const FEW: usize = 20_000;

/// An operation is one of the numbers that are sorted.
pub(crate) async fn sort<R: Rival>() -> u64 {
    let mut state = 1u64;
    let numbers: Vec<u64> = (0..NUMBERS).map(|_| next(&mut state)).collect();
    let sum = numbers.iter().fold(0, |sum: u64, n| sum.wrapping_add(*n));
    let sorted = R::join(go_sort::<R>(numbers)).await;
    assert!(sorted.is_sorted() && sorted.len() == NUMBERS);
    let same = sorted.iter().fold(0, |sum: u64, n| sum.wrapping_add(*n));
    assert_eq!(same, sum, "the numbers are the same");
    NUMBERS as u64
}

fn go_sort<R: Rival>(mut numbers: Vec<u64>) -> R::JoinHandle<Vec<u64>> {
    R::spawn(async move {
        if numbers.len() <= FEW {
            numbers.sort_unstable();
            return numbers;
        }
        let half = numbers.split_off(numbers.len() / 2);
        let (one, two) = (go_sort::<R>(numbers), go_sort::<R>(half));
        merge(&R::join(one).await, &R::join(two).await)
    })
}

fn merge<'a>(mut one: &'a [u64], mut two: &'a [u64]) -> Vec<u64> {
    let mut merged = Vec::with_capacity(one.len() + two.len());
    while let (Some(a), Some(b)) = (one.first(), two.first()) {
        let less = if a <= b { &mut one } else { &mut two };
        merged.push(less[0]);
        *less = &less[1..];
    }
    merged.extend_from_slice(one);
    merged.extend_from_slice(two);
    merged
}

/// The next of a sequence of numbers in no order (xorshift).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[cfg(test)]
mod tests {
    use super::{ALONE, FIB, FIB_TASKS, N, fib_alone, merge};

    fn tasks(n: u32) -> u64 {
        if n <= ALONE {
            return 1;
        }
        1 + tasks(n - 1) + tasks(n - 2)
    }

    #[test]
    fn the_number_and_its_tasks_are_as_stated() {
        assert_eq!(fib_alone(N), FIB);
        assert_eq!(tasks(N), FIB_TASKS);
    }

    #[test]
    fn merged_numbers_are_in_order() {
        assert_eq!(merge(&[1, 3, 3], &[2, 3, 9, 10]), [1, 2, 3, 3, 3, 9, 10]);
        assert_eq!(merge(&[], &[1]), [1]);
    }
}
