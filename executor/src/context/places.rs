//! Numbered places for what is registered with a scope.

use std::mem;

/// What is kept of the memory when the last value leaves.
const KEPT: usize = 16;

/// Values under numbers, which are used again. Putting in and taking out cost a few steps, however
/// many there are.
#[derive(Debug)]
pub(super) struct Places<T> {
    places: Vec<Place<T>>,
    /// The first free place, if any is.
    free: Option<usize>,
    taken: usize,
}

#[derive(Debug)]
enum Place<T> {
    Taken(T),
    /// And the next one that is.
    Free(Option<usize>),
}

impl<T> Places<T> {
    pub(super) const fn new() -> Self {
        Self {
            places: Vec::new(),
            free: None,
            taken: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    pub(super) fn insert(&mut self, value: T) -> usize {
        self.taken += 1;
        let Some(place) = self.free else {
            self.places.push(Place::Taken(value));
            return self.places.len() - 1;
        };
        if let Place::Free(next) = mem::replace(&mut self.places[place], Place::Taken(value)) {
            self.free = next;
        }
        place
    }

    /// Gives back the value, unless it was taken out before.
    pub(super) fn remove(&mut self, place: usize) -> Option<T> {
        let here = self.places.get_mut(place)?;
        if matches!(here, Place::Free(_)) {
            return None;
        }
        let value = mem::replace(here, Place::Free(self.free));
        self.free = Some(place);
        self.taken -= 1;
        if self.taken == 0 && self.places.len() > KEPT {
            *self = Self::new();
        }
        value.into_value()
    }

    /// All values, in the order of their places.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        let all = mem::replace(self, Self::new());
        all.places.into_iter().filter_map(Place::into_value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().filter_map(|place| match place {
            Place::Taken(value) => Some(value),
            Place::Free(_) => None,
        })
    }
}

impl<T> Place<T> {
    fn into_value(self) -> Option<T> {
        match self {
            Self::Taken(value) => Some(value),
            Self::Free(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Places};

    #[test]
    fn places_are_used_again_and_keep_their_values() {
        let mut places = Places::new();
        let [a, b, c] = ["a", "b", "c"].map(|value| places.insert(value));
        assert_eq!(places.remove(b), Some("b"));
        assert_eq!(places.remove(b), None);
        assert_eq!(places.remove(a), Some("a"));
        assert_eq!((places.insert("d"), places.insert("e")), (a, b));
        assert_eq!(places.insert("f"), 3);
        assert_eq!(places.remove(c), Some("c"));
        assert!(places.iter().eq(&["d", "e", "f"]));
        assert_eq!(places.take_all().collect::<Vec<_>>(), ["d", "e", "f"]);
        assert!(places.is_empty());
        assert_eq!(places.remove(a), None, "all were taken");
        assert_eq!(places.insert("g"), 0);
    }

    #[test]
    fn memory_is_given_back_when_the_last_value_leaves() {
        let mut places = Places::new();
        for value in 0..1000 {
            places.insert(value);
        }
        for place in (0..1000).rev() {
            assert_eq!(places.remove(place), Some(place));
        }
        assert!(places.is_empty() && places.places.capacity() == 0);
        for _ in 0..100 {
            let place = places.insert(7);
            assert!(place < KEPT);
            places.remove(place);
        }
        assert_eq!(places.places.len(), 1);
    }
}
