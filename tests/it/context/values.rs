use gort::context::{background, with_cancel, with_value};

#[derive(Debug, PartialEq)]
struct User(&'static str);

struct Trace(u32);

#[test]
fn a_value_is_found_by_its_type_from_anywhere_below() {
    let named = with_value(&background(), User("ann"));
    let (part, _cancel) = with_cancel(&with_value(&named, Trace(7)));
    assert_eq!(part.value::<User>(), Some(&User("ann")));
    assert_eq!(part.value::<Trace>().map(|trace| trace.0), Some(7));
    assert!(named.value::<Trace>().is_none());
    assert!(background().value::<User>().is_none());
}

#[test]
fn the_nearest_value_of_a_type_hides_those_further_up() {
    let ann = with_value(&background(), User("ann"));
    let bob = with_value(&ann, User("bob"));
    assert_eq!(bob.value(), Some(&User("bob")));
    assert_eq!(ann.value(), Some(&User("ann")));
}

#[test]
fn a_context_shows_the_types_of_its_values() {
    let shown = format!("{:?}", with_value(&background(), Trace(7)));
    assert!(shown.contains("Trace"), "{shown}");
}
