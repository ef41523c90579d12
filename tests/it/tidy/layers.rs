//! Which module of the executor may use which.

use super::Finding;
use super::source::{Source, is_word};

/// Each module of `executor/src`, and the modules it may use: a module uses only lower floors.
///
/// Rows stand in order, ground floor first, and name only rows above them. So there is no way to
/// write a circle down.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("panic", &["base"]),
    ("task", &["base", "panic"]),
    ("scope", &["base", "panic"]),
    ("wait", &["base"]),
    ("chan", &["base", "wait"]),
    ("select", &["base", "wait", "chan"]),
    ("queue", &["base"]),
    ("timer", &["base"]),
    ("netpoll", &["base"]),
    (
        "sched",
        &["base", "panic", "queue", "timer", "netpoll", "task"],
    ),
    ("io", &["base"]),
    (
        "runtime",
        &[
            "base", "panic", "queue", "timer", "netpoll", "task", "sched",
        ],
    ),
    ("time", &["base", "wait", "timer", "sched", "runtime"]),
    ("context", &["base", "wait", "runtime", "time"]),
    ("sync", &["base", "panic", "wait", "runtime", "context"]),
    (
        "net",
        &["base", "netpoll", "task", "sched", "io", "time", "runtime"],
    ),
    ("fs", &["sched", "runtime"]),
    ("signal", &["base", "netpoll", "sched", "net"]),
    ("process", &["base", "sched", "net", "signal"]),
    ("start", &["panic", "task", "scope", "runtime"]),
    ("guide", &[]),
];

/// Uses of a module in `source` that `layers` does not allow.
fn uses_above(source: &Source, layers: &[(&str, &[&str])]) -> Vec<Finding> {
    let Some(inner) = source.path.strip_prefix("executor/src/") else {
        return Vec::new();
    };
    let Some((module, file)) = inner.split_once('/') else {
        return Vec::new();
    };
    let Some((_, allowed)) = layers.iter().find(|(name, _)| *name == module) else {
        return vec![source.finding(
            1,
            format!("module `{module}` has no row in the table of layers"),
        )];
    };
    // Relative paths that arrive at the root of the crate.
    let root = if file == "mod.rs" {
        "super::"
    } else {
        "super::super::"
    };
    let is_module = |name: &str| layers.iter().any(|(module, _)| *module == name);
    let mut findings = Vec::new();
    let mut check = |line: usize, used: &str| {
        // The proc macros are a crate of their own.
        if used != module && used != "__macros" && !allowed.contains(&used) {
            findings.push(source.finding(line, format!("`{module}` must not use `{used}`")));
        }
    };
    for (line, used) in paths_after(source, "crate::") {
        check(line, &used);
    }
    for (line, used) in paths_after(source, root)
        .into_iter()
        .filter(|(_, used)| is_module(used))
    {
        check(line, &used);
    }
    findings
}

/// The names that follow `prefix` in the shipped code, also inside `{..}`, with their lines.
fn paths_after(source: &Source, prefix: &str) -> Vec<(usize, String)> {
    let mut code = String::new();
    let mut numbers = Vec::new();
    for (number, line) in source.shipped() {
        code.push_str(&line.code);
        code.push('\n');
        numbers.resize(code.len(), number);
    }
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(|c| is_word(c) || c == ':') {
            continue;
        }
        let first = at + prefix.len();
        for name in names_at(&code[first..]) {
            names.push((numbers[at], name.to_owned()));
        }
    }
    names
}

/// `a` of `a::b`; `a` and `c` of `{a::b, c}`. None of `super`, which leads further up.
fn names_at(path: &str) -> Vec<&str> {
    let word = |text: &'_ str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    let Some(group) = path.strip_prefix('{') else {
        let name = &path[..word(path)];
        return if name.is_empty() || name == "super" {
            Vec::new()
        } else {
            vec![name]
        };
    };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut expected = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expected = true,
            c if expected && is_word(c) => {
                names.push(&group[at..at + word(&group[at..])]);
                expected = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn layer_table_names_only_earlier_rows() {
    for (row, (module, allowed)) in LAYERS.iter().enumerate() {
        for used in *allowed {
            let earlier = LAYERS[..row].iter().any(|(name, _)| name == used);
            assert!(
                earlier,
                "`{module}` names `{used}`, which is no row above it"
            );
        }
    }
}

#[test]
fn executor_uses_only_lower_layers() {
    super::assert_none(|source| uses_above(source, LAYERS));
}

#[test]
fn upward_use_is_found_however_it_is_written() {
    let planted = [
        ("base/mod.rs", "use crate::sched::G;"),
        ("base/lock.rs", "fn f() { crate::sched::ready(); }"),
        (
            "base/lock.rs",
            "use crate::{\n    base::note,\n    sched::{G, M},\n};",
        ),
        ("base/mod.rs", "use super::sched::G;"),
        ("base/lock.rs", "use super::super::sched::G;"),
        (
            "base/lock.rs",
            "macro_rules! m { () => { $crate::sched::ready() } }",
        ),
        ("unknown/mod.rs", "fn f() {}"),
    ];
    for (file, text) in planted {
        let source = Source::new(&format!("executor/src/{file}"), text);
        assert_eq!(uses_above(&source, LAYERS).len(), 1, "{file}: {text}");
    }
}

#[test]
fn allowed_uses_tests_and_docs_are_not_found() {
    let legal = "//! See [`crate::sched`].\nuse crate::base::lock;\nuse crate::queue::{Ring};\n\
                 use super::base;\nuse crate::panic;\nmod x { use super::net; }\n\
                 #[cfg(test)]\nmod tests {\n    use crate::net::TcpStream;\n}";
    for file in ["sched/run.rs", "sched/find.rs"] {
        let source = Source::new(&format!("executor/src/{file}"), legal);
        let findings = uses_above(&source, LAYERS);
        assert!(findings.is_empty(), "{findings:?}");
    }
}
