//! How large the futures of async scopes are: what they cost a goroutine that waits.

use super::next_turn;
use gort::{defer, defers};

async fn plain(a: u64, b: u64) -> u64 {
    next_turn().await;
    a + b
}

#[defers]
async fn one(a: u64, b: u64) -> u64 {
    defer!({ drop(a.to_string()) });
    next_turn().await;
    a + b
}

#[defers]
async fn two(a: u64, b: u64) -> u64 {
    defer!({ drop(a.to_string()) });
    next_turn().await;
    defer!({ drop(b.to_string()) });
    next_turn().await;
    a + b
}

#[defers]
async fn together(a: u64, b: u64) -> u64 {
    defer!({ drop(a.to_string()) });
    defer!({ drop(b.to_string()) });
    next_turn().await;
    a + b
}

#[test]
fn a_level_costs_a_few_words() {
    let sizes = [
        size_of_val(&plain(1, 2)),
        size_of_val(&one(1, 2)),
        size_of_val(&two(1, 2)),
    ];
    assert!(sizes[1] <= sizes[0] + 96, "{sizes:?}");
    assert!(sizes[2] <= sizes[1] + 72, "{sizes:?}");
    assert_eq!(size_of_val(&together(1, 2)), sizes[1], "one level for both");
}
