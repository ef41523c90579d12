//! The machine that measures: how large it is, and whether it does other things as well.

use std::fs;
use std::thread::available_parallelism;

/// The processors this process may use.
pub(crate) fn cpus() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// How many threads of all processes ran or wanted to run, averaged over the last minute.
///
/// `None` where there is no `/proc`.
pub(crate) fn load() -> Option<f64> {
    parse_load(&fs::read_to_string("/proc/loadavg").ok()?)
}

/// The first number of the line in `/proc/loadavg`.
fn parse_load(line: &str) -> Option<f64> {
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{cpus, parse_load};

    #[test]
    fn there_is_a_processor() {
        assert!(cpus() >= 1);
    }

    #[test]
    fn load_is_the_average_of_the_last_minute() {
        assert_eq!(parse_load("4.14 3.97 2.52 3/412 5201\n"), Some(4.14));
        assert_eq!(parse_load(""), None);
    }
}
